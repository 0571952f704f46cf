// Reads a connector with Microsoft's Graph client, and prints what it got as JSON.
// Arguments: base URL, token, object id of the connector.
const { Client, PageIterator } = require("@microsoft/microsoft-graph-client");

const [baseUrl, token, id] = process.argv.slice(2);
const client = Client.init({ baseUrl, authProvider: (done) => done(null, token), customHosts: new Set([new URL(baseUrl).hostname]) });
const sp = `/servicePrincipals/${id}`;

// all pages of a list, as the client's own iterator follows them.
async function all(request) {
  const rows = [];
  await new PageIterator(client, await request.get(), (row) => rows.push(row)).iterate();
  return rows;
}

async function refused(request) {
  try {
    await request.get();
    return "not refused";
  } catch (e) {
    return `${e.statusCode} ${e.code}`;
  }
}

async function main() {
  const jobs = await all(client.api(`${sp}/synchronization/jobs`));
  const job = await client.api(`${sp}/synchronization/jobs/${jobs[0].id}`).get();
  const schema = await client.api(`${sp}/synchronization/jobs/${jobs[0].id}/schema`).get();
  const secrets = await all(client.api(`${sp}/synchronization/secrets`).version("beta"));
  const templates = await all(client.api("/applicationTemplates").filter("displayName eq 'Azure Databricks SCIM Provisioning Connector'"));
  const found = await all(client.api("/servicePrincipals").filter(`applicationTemplateId eq '${templates[0].id}'`).select("id,displayName"));
  const assigned = await all(client.api(`${sp}/appRoleAssignedTo`).top(1));
  const log = await all(client.api("/auditLogs/provisioning").filter("activityDateTime gt 2020-01-01T00:00:00Z").top(1));
  console.log(JSON.stringify({
    job: [job.id, job.schedule.state, job.schedule.interval, job.status.code, job.status.lastExecution.state, job.status.quarantine],
    rules: schema.synchronizationRules.map((r) => r.name),
    secrets: secrets.map((s) => `${s.key}=${s.value}`),
    found: found.map((a) => a.id),
    assigned: assigned.map((a) => `${a.principalType} ${a.principalId}`),
    log: log.map((e) => [e.id, e.provisioningStatusInfo.status, e.sourceIdentity.id, e.servicePrincipal.id].join(" ")),
    missing: await refused(client.api(`${sp}/synchronization/jobs/other`)),
    version: await refused(client.api(`${sp}/synchronization/secrets`)),
  }));
}

main().catch((e) => { console.error(e); process.exit(1); });
