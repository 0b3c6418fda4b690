/// Which numbers commands and errors have on the wire (`-ssntp-dialect`). The rest of SSNTP is the same in both.
public enum SSNTPDialect: String, CaseIterable, Sendable {
  /// What schedulers speak up to 2017.
  case v2016 = "2016"
  /// What schedulers speak since: it has neither STOP, RESTART and DetachVolume nor their failures.
  case v2018 = "2018"
}
