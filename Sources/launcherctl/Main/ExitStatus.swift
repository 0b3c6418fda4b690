/// How a command ended, for scripts.
enum ExitStatus: Int32 {
  case success = 0
  /// It failed, or what was waited for failed.
  case failure = 1
  /// The command line was not understood.
  case usage = 2
  /// What was waited for did not happen in time.
  case timedOut = 3
}
