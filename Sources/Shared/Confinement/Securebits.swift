import CCap
import CShims
import Glibc
import Rights

extension Securebits {
  /// Sets and locks these bits, as far as the process may (it needs CAP_SETPCAP).
  func lock() throws(ConfinementError) {
    guard try Capabilities.holds(CAP_SETPCAP) else { return }
    let present = sh_prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)
    try ConfinementError.check(present, "read the securebits")
    try ConfinementError.check(
      sh_prctl(PR_SET_SECUREBITS, UInt(UInt32(present) | rawValue), 0, 0, 0), "lock the securebits")
  }
}
