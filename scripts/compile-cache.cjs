'use strict';
// Loaded before the server (node --require): keeps compiled code between starts, about a third of the time it takes to load everything.
// In this clone's own folder: a folder that other users can write to could hand us their code. Where it cannot be written, nothing is kept.
const { enableCompileCache, flushCompileCache } = require('node:module');
const path = require('node:path');

const flushAfterMs = 10000;

enableCompileCache(path.join(__dirname, '..', 'node_modules', '.cache', 'compiled'));
// Node writes it when the process ends well; a server is more often killed.
setTimeout(flushCompileCache, flushAfterMs).unref();
