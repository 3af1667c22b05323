//! Outputs as the tools wrote them, shortened, and outputs of runs that went wrong.

use serde_json::json;

use crate::peers::tools::{HEY, OHA, OURS, REWRK, Said, WRK, WRK2};

fn answered(requests: u64) -> Said {
    Said { requests, ..Said::default() }
}

const WRK_SAID: &str = "\
Running 1s test @ http://127.0.0.1:18099/echo/hi
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   351.96us  286.18us   5.83ms   98.30%
  121337 requests in 1.10s, 17.24MB read
Requests/sec: 110102.87
";

#[test]
fn wrk_counts_and_its_errors_count_against_it() {
    assert_eq!((WRK.read)(WRK_SAID).unwrap(), answered(121_337));
    let refused = format!("{WRK_SAID}  Non-2xx or 3xx responses: 121337\n");
    assert_eq!((WRK.read)(&refused).unwrap_err(), "Non-2xx or 3xx responses: 121337");
    let cut_off = format!("{WRK_SAID}  Socket errors: connect 0, read 12, write 0, timeout 3\n");
    assert!((WRK.read)(&cut_off).is_err());
    assert!((WRK.read)("unable to connect to 127.0.0.1:1 Connection refused\n").is_err());
}

#[test]
fn wrk2_tells_its_median_in_units_of_its_own() {
    for (written, nanoseconds) in [("912.00us", 912e3), ("0.91ms", 910e3), ("1.20s", 1.2e9)] {
        let output = format!("  Latency Distribution\n 50.000%    {written}\n 75.000%    2.0s\n{WRK_SAID}");
        let said = (WRK2.read)(&output).unwrap();
        assert!((said.response_p50_ns.unwrap() - nanoseconds).abs() < 1.0, "{said:?}");
    }
    assert_eq!((WRK2.read)(WRK_SAID).unwrap().response_p50_ns, None);
}

#[test]
fn oha_may_abort_what_is_under_way_and_nothing_else() {
    let said = |codes, errors| {
        (OHA.read)(&json!({ "statusCodeDistribution": codes, "errorDistribution": errors }).to_string())
    };
    let aborted = json!({ "aborted due to deadline": 64 });
    assert_eq!(said(json!({ "200": 96_838 }), aborted.clone()).unwrap(), answered(96_838));
    assert!(said(json!({ "200": 96_838 }), json!({ "connection refused": 1 })).unwrap_err().contains("refused"));
    assert!(said(json!({ "200": 9, "404": 1 }), aborted.clone()).is_err());
    assert!(said(json!({ "404": 9 }), aborted).is_err());
}

#[test]
fn hey_counts_only_where_all_is_well() {
    let well = "Summary:\n  Total:\t1.0081 secs\n\nStatus code distribution:\n  [200]\t1000 responses\n\n\n\n";
    assert_eq!((HEY.read)(well).unwrap(), answered(1_000));
    assert!((HEY.read)("Status code distribution:\n  [404]\t1000 responses\n").is_err());
    assert!((HEY.read)("Status code distribution:\n  [200]\t10 responses\n  [404]\t1 responses\n").is_err());
    let failed = format!("{well}Error distribution:\n  [3]\tGet \"http://127.0.0.1:1\": connection refused\n");
    assert!((HEY.read)(&failed).unwrap_err().contains("connection refused"));
}

#[test]
fn rewrk_counts() {
    assert_eq!((REWRK.read)("\n{\"latency_avg\":0.6,\"requests_total\":100592}\n").unwrap(), answered(100_592));
    assert!((REWRK.read)("{}").is_err());
}

#[test]
fn ours_is_held_to_its_ledger() {
    let ledger = json!({ "ok": 5_000, "error": 0, "timeout": 0, "malformed": 0, "refused": 0, "dropped": 0 });
    let mut output = json!({
        "ledger": ledger,
        "response_time_ns": { "p50": { "value": 81_000 } },
        "schedule_lag_ns": { "p50": { "value": 45_000 }, "p99": { "value": 90_000 } },
        "opening_ns": 350_000_000,
        "generator": { "cpu_ns_per_request": 3_100.5 },
    });
    let said = (OURS.read)(&output.to_string()).unwrap();
    let expected = Said {
        requests: 5_000,
        response_p50_ns: Some(81_000.0),
        lag_p50_ns: Some(45_000.0),
        lag_p99_ns: Some(90_000.0),
        opening_ns: Some(350_000_000.0),
        own_cpu_ns_per_request: Some(3_100.5),
    };
    assert_eq!(said, expected);
    output["ledger"]["malformed"] = json!(1);
    assert_eq!((OURS.read)(&output.to_string()).unwrap_err(), "1 requests ended as malformed");
}
