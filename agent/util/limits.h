/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits
 *
 * Every cap, with its reason. A user, a container or a receiver can make all
 * of these grow; nothing in the agent grows without one of them.
 */
#ifndef UTIL_LIMITS_H
#define UTIL_LIMITS_H

/* rules */
#define RULE_FILE_BYTES_MAX	(64u << 20)	/* one YAML file of rules, tests or configuration */
#define RULES_MAX		16384		/* rules in all files together */
#define LIST_ITEMS_MAX		(4u << 20)		/* items of all lists together: indicator lists are long */
#define CONDITION_BYTES_MAX	(64u << 20)	/* one condition after lists are expanded */
#define CONDITION_NODES_MAX	100000		/* checks of one condition with its macros put in: macros of macros multiply */
#define CONDITION_DEPTH_MAX	1000		/* recursion of the condition parser; the language reference's own limit */
#define CONSTANT_BYTES_MAX	255		/* a constant in a condition; the language reference's own limit */
#define DIAGS_MAX		200		/* diagnostics kept of one load; the rest are counted */
#define REGEX_MATCH_LIMIT	100000		/* pcre2 match steps: a rule must not stop the loop */
#define OUTPUT_BYTES_MAX	(16u << 10)	/* one rendered output: argv and paths are the attacker's */

#define OPEN_FACTS_MAX		1024		/* names, endings and folders the kernel side tells opens by; more would fill its 32,768 bits */

/* process and container tables */
#define PROCESS_MAX		65536		/* rows; the oldest ended row goes first */
#define PROCESS_GRACE_SEC	60		/* an ended process stays for its children's lineage at least this long, room permitting */
#define PROCESS_TEXT_BYTES_MAX	(12u << 20)	/* argv, paths, cwd and environment of all images together */
#define WRITER_CMDLINE_MAX	1024		/* of who wrote an executable: a download's address is within it */
#define LINEAGE_MAX		32		/* ancestors in a finding and for any-ancestor fields */
#define CGROUP_GRACE_SEC	60		/* one that was removed is still known for late events at least this long */
#define CGROUP_MAX		16384		/* four times the kernel side's map, so that it forgets first */
#define WORKLOAD_TEXT_MAX	2048		/* one text that a runtime tells of a container: a label, a source of a mount */
#define WORKLOAD_BYTES_MAX	(32u << 10)	/* all of them of one container: what labels and mounts run to, several times */
#define WORKLOAD_LABELS_MAX	128		/* labels of one container */
#define WORKLOAD_MOUNTS_MAX	128		/* mounts of one container */
#define PIPES_MAX		8192		/* pipes that are descriptors 0 to 2 of processes; a pipeline of a shell has one each */
#define PIPE_ENDS		3		/* processes on one side of a pipe: a subshell's children may share it */
#define PIPE_LOOP_MAX		5		/* programs of a loop of pipes: a reverse shell by a FIFO has three */
#define DNS_NAMES_MAX		16384		/* (container, address) → name */
#define DNS_TEXT_BYTES_MAX	(1u << 20)	/* texts of those names: 64 bytes each, the average is below 40 */
#define DNS_ANSWERS_MAX		64		/* answers taken from one message */
#define DNS_NAME_MAX		255		/* RFC 1035 */
#define TLS_HELLO_MAX		4096		/* of a ClientHello, as the probes keep it */
#define TLS_ALPN_MAX		16		/* protocols taken from it: browsers offer two */
#define TLS_TEXT_MAX		4096		/* texts of one, escaped */
#define USERS_MAX		65536		/* entries of /etc/passwd, and of /etc/group */
#define USERS_BYTES_MAX		(16u << 20)	/* texts of either file */

/* sensor */
#define RECORDS_PER_CGROUP_SEC	25000		/* of files, and of the network: what rules want is far less; a flood costs 3 % of a processor */
#define RECORDS_PER_CGROUP_BURST 50000		/* at once: a start of something large opens tens of thousands of files */

/* .scap captures: files from anywhere */
#define SCAP_BLOCK_MAX		(64u << 20)	/* a list of processes or users; an event has at most 64 KiB, or this as a large one */
#define SCAP_THREADS_MAX	65536		/* the thread that was silent for longest goes first */
#define SCAP_FDS_MAX		(1u << 20)	/* descriptors of all threads together */
#define SCAP_TEXT_BYTES_MAX	(256u << 20)	/* names, arguments and environments of all threads together */
#define SCAP_NAMES_MAX		65536		/* users, groups and interfaces, each */

/* hashes of executables */
#define HASH_FILE_BYTES_MAX	(64u << 20)	/* one executable: a quarter of a second of one processor */
#define HASH_JOBS_MAX		64		/* files asked for at one time; a finding beyond them says so */
#define HASH_READING_MAX	2		/* of them on the thread pool, which has other work too */
#define HASH_CACHE_MAX		1024		/* files whose hash is remembered: 64 KiB, more than a host's programs of a day that make findings */
#define HASH_OPEN_MS		2000		/* a file system may hang: so long an open is waited for, up to twice */

/* attribution: who containers are */
#define INQUIRIES_MAX		1024		/* containers that are asked about at one time; more wait for their turn */
#define INQUIRY_SEC		30		/* so long is asked about one: the ECS agent knows a container a moment late */
#define INQUIRY_AGAIN_SEC	5		/* a container that nobody knew is asked for again by a finding, not more often */
#define INQUIRY_WAIT_MIN_MS	200		/* between two questions to the same provider about the same container, twice as long each time */
#define INQUIRY_WAIT_MAX_MS	4000
#define PROVIDER_DOWN_MAX_MS	10000		/* a provider that cannot be reached is tried again at least so often, while somebody asks */
#define CONTAINERS_SHOWN_MAX	1024		/* containers in one status */
#define ECS_CONFIG_BYTES_MAX	(64u << 10)	/* /etc/ecs/ecs.config, which has a handful of lines */
#define ECS_FILE_BYTES_MAX	(64u << 10)	/* one metadata file of a container: a few KiB */
#define OCI_FILE_BYTES_MAX	(1u << 20)	/* config.json of a bundle: tens of KiB; containers.json grows with the containers */
#define OCI_FOLDER_ENTRIES_MAX	256u		/* namespaces of containerd, drivers of a storage */
#define ECS_FOLDER_ENTRIES_MAX	1024u		/* clusters, and containers of a task, whose folders are looked at */
#define HOST_TAGS_MAX		64		/* tags of the instance; EC2 allows 50 */

/* findings and delivery */
#define FOLD_MAX		8192		/* open folding windows; beyond it findings go out unfolded */
#define FOLD_BYTES_MAX		(4u << 20)	/* findings kept for their second revision, packed: part of the agent's memory budget */
#define FOLD_WAITING_MAX	1024		/* findings that something is still to be learned about; more go out without it */
#define FOLD_HOLD_MS		15		/* so long a first revision waits for it: an event is told within 20 ms */
#define TOP_ROWS_MAX		4096		/* kinds of events that `noroshi top` tells apart; more are counted together */
#define TOP_RULE_MAX		128		/* bytes of a rule's name there: its answer stays below 2 MiB */
#define OBSERVED_RULES_MAX	256		/* rules tried out whose matches are counted */
#define OBSERVED_SAMPLES	3		/* first and latest matches of each that are kept as text */
#define OBSERVED_TEXT_MAX	1024		/* one of them: with all other caps 1.5 MiB, and status is read whole */
#define OBSERVED_RENDER_MAX	(64u << 10)	/* the same before it is cut */
#define FINDING_TEXT_MAX	8192		/* one text of the process that did it: command line, path */
#define ANCESTOR_TEXT_MAX	1024		/* one text of an ancestor */
#define EVIDENCE_MAX		96		/* fields shown of one rule */
#define EVIDENCE_TEXT_MAX	2048		/* one of them: with all other caps a finding fits into an empty batch */
#define HEARTBEAT_SAMPLES_BYTES	(256u << 10)	/* outputs of observed matches in one heartbeat; the counts of all rules are in it */
#define LEDGER_OPEN_MAX		96		/* issues that are open at one time: one for each cause, and some of several sinks and programs */
#define LEDGER_RECENT_MAX	32		/* issues that are over and still shown */
#define LEDGER_RECENT_SEC	3600		/* so long: who is called at night sees what it was */
#define LEDGER_SUBJECT_MAX	96		/* bytes of what an issue is about */
#define LEDGER_TEXT_MAX		512		/* bytes of the sentence that says what is so */
#define LEDGER_EVIDENCE_MAX	6144		/* bytes of JSON of one issue: with all others half a MiB, and status is read whole */
#define HEARTBEAT_EVIDENCE_BYTES (128u << 10)	/* evidence of issues in one heartbeat; the issues themselves are in it */
#define BATCH_COUNT_MAX		512		/* findings of one batch */
#define BATCH_BYTES_MAX		(1u << 20)	/* before compression: fits common receivers' limits */
#define BATCH_AGE_MS		1000		/* a finding waits no longer than this for company */
#define QUEUE_BYTES_MAX		(8u << 20)	/* findings waiting for the receiver, in memory */
#define QUEUE_COUNT_MAX		16384
#define RESPONSE_BYTES_MAX	(64u << 10)	/* body read from any HTTP peer */
#define RECEIVE_BODY_MAX	(4u << 20)	/* one upload, compressed, taken by the receiver */
#define RECEIVE_INFLATED_MAX	(32u << 20)	/* the same, unpacked: a bomb ends here */
#define RECEIVE_DECODED_MAX	(128u << 20)	/* the same as structures: an empty finding is 2 bytes and becomes 400 */
#define RECEIVE_PENDING_MAX	(64u << 20)	/* bodies of all uploads that are being read at one time */
#define RECEIVE_CONNECTIONS_MAX	512		/* below the usual limit of descriptors */
#define RECEIVE_RUNS_MAX	100000		/* agent runs of which the last heartbeat is kept: a few hundred hosts for years */
#define RECEIVE_RUNS_PER_HOST	20		/* of these of one host: an agent that starts again and again pushes out none but its own */
#define RECEIVE_KEEP_MAX	1000000		/* findings kept in the receiver's store; the oldest go first */
#define TOKEN_BYTES_MAX		(64u << 10)	/* a file of bearer tokens */

#endif
