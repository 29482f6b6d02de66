// Package ccrmock is a server of CCR's image-migration API (Personal Edition)
// for tests, demonstrations and pipelines.
//
// [New] returns an [http.Handler] that holds everything in memory:
//
//   - /v1/ccr/… is the API. It is strict about signature, clock, method, path,
//     query and the types in a JSON body, and answers in the documented shapes.
//     Where the documentation is silent it behaves as Harbor does.
//   - /v2/… is the destination, an OCI registry that takes anonymous reads and
//     writes.
//   - /_mock/… is a control path in JSON, answered on loopback only.
//
// It migrates for real: an execution reads the source registry over HTTP,
// copies what the policy's filters match into the destination, and its counters
// are what happened. [NewSource] is such a source registry.
//
// Nothing happens by chance. Faults, delays, held or scripted executions,
// purges and changes behind a client's back are asked for explicitly, through
// the methods of [Server] or over the control path:
//
//	GET    /_mock/state               registries, policies and executions, secrets masked
//	GET    /_mock/images              the destination: "project/repository:tag" to digest
//	GET    /_mock/requests            the journal, without bodies and headers
//	DELETE /_mock/requests            forget the journal
//	GET    /_mock/faults              the fault rules and how often each fired
//	POST   /_mock/faults              add a rule, answers {"id":N}; see [Fault]
//	DELETE /_mock/faults              remove all rules
//	POST   /_mock/executions/hold     new executions wait; with ?after=N they wait once N images are done
//	POST   /_mock/executions/release  let all held executions go on
//	POST   /_mock/purge               remove finished executions, of all or of ?policyId=N, or just ?executionId=N
//	POST   /_mock/health-checks       check every registry and set its status
//
// Close the Server before the HTTP server around it: a request that a fault
// left hanging ends with [Server.Close].
package ccrmock
