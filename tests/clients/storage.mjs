// Walks through storage by supabase-js as two people, and writes what the client says of
// each step, one JSON object a line.

import { createClient } from "@supabase/supabase-js";

const [url, key, crewToken, managerToken, folder] = process.argv.slice(2);
const PHOTO = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
const TYPE = { contentType: "image/png" };

function photosOf(token) {
  return createClient(url, key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false, persistSession: false },
    // Node 20 has no WebSocket, and nobody listens here.
    realtime: { transport: class {} },
    global: { headers: { Authorization: `Bearer ${token}` } },
  }).storage.from("pms-part-photos");
}

function say(step, { data, error }) {
  const refused = error && {
    message: error.message,
    status: error.status,
    statusCode: error.statusCode,
  };
  process.stdout.write(`${JSON.stringify({ step, data, error: refused ?? null })}\n`);
}

async function bytes({ data, error }) {
  return { data: data && [...new Uint8Array(await data.arrayBuffer())], error };
}

const crew = photosOf(crewToken);
const manager = photosOf(managerToken);
const blob = new Blob([PHOTO], { type: "image/png" });
const [name, other] = [`${folder}/a b.png`, `${folder}/c.png`];

say("upload blob", await crew.upload(name, blob, { metadata: { part: "F-100" } }));
say("upload bytes", await crew.upload(other, PHOTO, TYPE));
say("upload again", await crew.upload(name, blob));
say("download", await bytes(await crew.download(name)));
say("info", await crew.info(name));
say("exists", await crew.exists(name));
say("list", await crew.list(folder));
say("crew updates", await crew.update(name, blob));
say("crew removes", await crew.remove([name]));
const signed = await crew.createSignedUrl(name, 60);
say("signed url", await bytes({ data: await fetch(signed.data.signedUrl) }));
const upload = await crew.createSignedUploadUrl(`${folder}/d.png`);
say(
  "signed upload",
  await crew.uploadToSignedUrl(upload.data.path, upload.data.token, PHOTO, TYPE),
);
say("manager moves", await manager.move(other, `${folder}/e.png`));
say("manager copies", await manager.copy(name, other));
say("manager updates", await manager.update(name, new Uint8Array([1]), TYPE));
say("changed", await bytes(await crew.download(name)));
say("manager removes", await manager.remove([name, other]));
say("gone", await bytes(await crew.download(name)));
