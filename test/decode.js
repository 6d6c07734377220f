// SPDX-License-Identifier: Apache-2.0
// decode.js BUILD SRC FOLDER COUNT: the bench sender uploads COUNT findings through this process to the receiver.
// protobufjs decodes what passes by from the schema alone; it has to agree with what the receiver tells.
'use strict';
const { spawn, execFileSync } = require('child_process');
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const protobuf = require('protobufjs');

const [build, src, folder, count] = process.argv.slice(2);
const store = path.join(folder, 'store.db');
const bodies = [];

function die(why) {
	console.error(`not ok - ${why}`);
	process.exitCode = 1;
}

// The address of the receiver, from the line in which it says that it listens.
function receiver() {
	const child = spawn(path.join(build, 'noroshi'), ['receive', '--listen', '127.0.0.1:0', '--store', store]);
	return new Promise((resolve, reject) => {
		let text = '';
		const look = (data) => {
			text += data;
			const m = text.match(/ready on ([^,\s]+)/);
			if (m) resolve({ child, url: m[1] });
		};
		child.stdout.on('data', look);
		child.stderr.on('data', look);
		child.on('exit', () => reject(new Error(`the receiver ended: ${text}`)));
	});
}

// Passes a request on, and keeps the body of what was acknowledged.
function pass(url, request, response) {
	const parts = [];
	request.on('data', (part) => parts.push(part));
	request.on('end', () => {
		const body = Buffer.concat(parts);
		const headers = { ...request.headers, host: url.host, 'content-length': body.length };
		const onward = http.request(url, { method: 'POST', headers }, (answer) => {
			if (answer.statusCode >= 200 && answer.statusCode < 300)
				bodies.push(request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(body) : body);
			response.writeHead(answer.statusCode, answer.headers);
			answer.pipe(response);
		});
		onward.on('error', () => response.destroy());
		onward.end(body);
	});
}

const line = (f) => `${f.id} ${f.revision} ${f.rule} ${f.count}`;

function compare() {
	const root = new protobuf.Root();
	root.resolvePath = (origin, target) => path.join(src, 'proto', target);
	const Batch = root.loadSync('noroshi/v1/batch.proto').lookupType('noroshi.v1.FindingBatch');
	const theirs = bodies.flatMap((b) => Batch.decode(b).findings).map(line).sort();
	const text = execFileSync(path.join(build, 'noroshi'), ['findings', '--store', store, '--json', '--limit', String(2 * count)],
		{ maxBuffer: 1 << 30, encoding: 'utf8' });
	const ours = text.trim().split('\n').map((l) => line(JSON.parse(l))).sort();
	if (theirs.length !== Number(count)) die(`protobufjs decoded ${theirs.length} findings of ${count}`);
	if (JSON.stringify(theirs) !== JSON.stringify(ours)) die(`they differ: ${theirs[0]} / ${ours[0]} (${ours.length})`);
	if (!process.exitCode) console.log(`ok - ${theirs.length} findings in ${bodies.length} batches: id, rule and count agree`);
}

receiver().then(({ child, url }) => {
	const server = http.createServer((q, a) => pass(new URL(url), q, a));
	server.listen(0, '127.0.0.1', () => {
		const sender = spawn(path.join(build, 'bench', 'upload'), [`http://127.0.0.1:${server.address().port}${new URL(url).pathname}`, count],
			{ stdio: 'inherit' });
		sender.on('exit', (status) => {
			child.removeAllListeners('exit');
			if (status) die(`the sender ended with ${status}`);
			else compare();
			server.close();
			server.closeAllConnections();
			child.kill('SIGTERM');
		});
	});
}).catch((e) => die(e.message));
