@0xa96b8b18c8593590;
# A job that is given the result of the run before.

using Perdure = import "/perdure/contract.capnp";
$Perdure.namespace("yardstick.cron_last_result");

struct JobState {}

struct JobResult {
  until @0 :Int64;
  # What came before this has been dealt with; milliseconds since 1970-01-01 UTC.
}

interface Job $Perdure.entity("cron-job") $Perdure.state("JobState") {
  run @0 (lastResult :JobResult) -> JobResult $Perdure.main;
}

interface Database $Perdure.activities("cron-database") {
  tidy @0 (after :Int64, until :Int64) -> ();
}
