/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sensor
 *
 * The process that keeps the capabilities: it loads and attaches the probes,
 * hands their memory to the agent and then waits. It parses nothing foreign.
 *
 * Between the two: one socket (SEQPACKET). The sensor speaks first, a struct
 * sensor_report with descriptors; after that the agent sends requests. The end
 * of either is seen by the other as the end of the socket. Executables are asked for over another one (files.h).
 */
#ifndef SENSOR_SENSOR_H
#define SENSOR_SENSOR_H

#include "sensor/programs.h"

#define SENSOR_LOGS_BYTES (128u << 10)	/* verifier logs of all refused programs; pages that stay empty cost nothing */
#define SENSOR_LOG_BYTES (8u << 10)	/* of one: its end, where the verifier says what it did not like */
#define SENSOR_NOTES_MAX 8

/* What the agent may look at while the sensor lives: a memory file, written by the sensor alone. */
struct sensor_state {
	struct program_status program[PROGRAM_MAX];
	char note[SENSOR_NOTES_MAX][PROGRAM_REASON_MAX];	/* what else is not as it should be; "" after the last */
	uint32_t log_used;
	char log[SENSOR_LOGS_BYTES];
};

/* Descriptors that go with a report, in this order. */
enum sensor_fd {
	SENSOR_FD_CRITICAL,	/* ring maps */
	SENSOR_FD_BULK,
	SENSOR_FD_COUNTERS,	/* mapped arrays */
	SENSOR_FD_CONTROL,
	SENSOR_FD_GROUPS,
	SENSOR_FD_STATE,	/* struct sensor_state */
	SENSOR_FD_FILES,	/* a socket: files.h */
	SENSOR_FD_SNAPSHOT,	/* u64 length, record, zeros up to 8 bytes, again and again */
	SENSOR_FD_MAX
};

struct sensor_report {
	int32_t error;		/* 0, or < 0: then text says why, and nothing else is set */
	uint32_t cpus;		/* possible ones: counters have cpus * EVENT_MAX slots */
	uint64_t bytes[2];	/* of the rings, critical and bulk */
	uint64_t snapshot;	/* bytes */
	char text[512];
};

enum sensor_command {
	SENSOR_STOP = 1,
	/* Attach what else is needed, and detach later what no longer is; answered by a byte, the first one by the report. */
	SENSOR_NEEDS,
};

struct sensor_request {
	uint32_t command;
	struct needs needs;	/* of SENSOR_NEEDS */
};

/*
 * The sensor's life; never returns. Speaks over fd: the first request says what is needed, the report is the answer.
 * Dies when the other end is closed.
 */
_Noreturn void sensor_main(int fd);

#endif
