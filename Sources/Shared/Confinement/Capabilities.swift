import CCap
import Glibc

/// The five capability sets of this process, by libcap.
enum Capabilities {
  static func value(named name: String) throws(ConfinementError) -> cap_value_t {
    var value: cap_value_t = 0
    guard cap_from_name(name, &value) == 0 else { throw ConfinementError("capability \(name): unknown to libcap") }
    return value
  }

  /// Removes everything but `kept` from the bounding set, as far as the process may (it needs CAP_SETPCAP).
  static func dropBounding(keeping kept: [cap_value_t]) throws(ConfinementError) {
    guard try holds(CAP_SETPCAP) else { return }
    var value: cap_value_t = 0
    while cap_get_bound(value) >= 0 {
      if !kept.contains(value) {
        try ConfinementError.checkErrno(cap_drop_bound(value), "drop capability \(value) from the bounding set")
      }
      value += 1
    }
  }

  static func holds(_ value: Int32) throws(ConfinementError) -> Bool {
    guard let sets = cap_get_proc() else { throw ConfinementError("read capabilities of the process") }
    defer { cap_free(UnsafeMutableRawPointer(sets)) }
    var flag = CAP_CLEAR
    try ConfinementError.checkErrno(cap_get_flag(sets, value, CAP_EFFECTIVE, &flag), "read capabilities")
    return flag == CAP_SET
  }

  /// Permitted and effective become exactly `kept`, inheritable and ambient become empty. Where a service manager has
  /// seen to that already nothing is set: its filter need not allow it.
  static func set(_ kept: [cap_value_t]) throws(ConfinementError) {
    try ConfinementError.checkErrno(cap_reset_ambient(), "clear ambient capabilities")
    guard let sets = cap_init() else { throw ConfinementError("make a capability set") }
    defer { cap_free(UnsafeMutableRawPointer(sets)) }
    if !kept.isEmpty {
      for flag in [CAP_PERMITTED, CAP_EFFECTIVE] {
        try ConfinementError.checkErrno(
          cap_set_flag(sets, flag, Int32(kept.count), kept, CAP_SET), "make a capability set")
      }
    }
    guard let present = cap_get_proc() else { throw ConfinementError("read capabilities of the process") }
    defer { cap_free(UnsafeMutableRawPointer(present)) }
    if cap_compare(present, sets) == 0 { return }
    try ConfinementError.checkErrno(cap_set_proc(sets), "set capabilities")
  }
}
