// Makes the calls that standard input lists, one JSON object a line, by supabase-js, and
// writes what the client says of each, in the same order.

import { createInterface } from "node:readline";

import { createClient, PostgrestError } from "@supabase/supabase-js";

const [url, key] = process.argv.slice(2);

function client(token) {
  return createClient(url, key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false, persistSession: false },
    // Node 20 has no WebSocket, and nobody listens here.
    realtime: { transport: class {} },
    global: { headers: { Authorization: `Bearer ${token}` } },
  });
}

async function call({ token, name, args, get }) {
  try {
    const { data, status, error } = await client(token)
      .rpc(name, args, { get })
      .throwOnError();
    return { data, status, error };
  } catch (error) {
    if (!(error instanceof PostgrestError)) {
      throw error;
    }
    const { code, message, details, hint } = error;
    return { error: { code, message, details, hint } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await call(JSON.parse(line)))}\n`);
}
