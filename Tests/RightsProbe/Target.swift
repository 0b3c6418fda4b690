/// What the attempts are made on; all of it is prepared by the test.
struct Target {
  /// A folder with:
  /// - `outside/`, that everybody may write, with `readable`, `writable` and a listening `socket`,
  /// - `mount/`, empty,
  /// - `state/images/` with `image` and `other`, `state/instances/` with an instance `a`, its neighbour `b` and `c` in
  ///   staging.
  let folder: String
  /// A process of the same user.
  let victim: Int
  /// Ports on loopback that somebody listens on: one that is configured, one that is not.
  let allowedPort: UInt16
  let otherPort: UInt16

  init?(_ arguments: [String]) {
    guard arguments.count == 4, let victim = Int(arguments[1]), let allowedPort = UInt16(arguments[2]),
      let otherPort = UInt16(arguments[3])
    else { return nil }
    folder = arguments[0]
    self.victim = victim
    self.allowedPort = allowedPort
    self.otherPort = otherPort
  }

  var arguments: [String] { [folder, String(victim), String(allowedPort), String(otherPort)] }
  var outside: String { "\(folder)/outside" }
  var state: String { "\(folder)/state" }
  var own: String { "\(state)/instances/a" }
  var neighbour: String { "\(state)/instances/b" }
  var staging: String { "\(state)/instances/.staging-c" }
  /// Of an AF_UNIX socket without a path.
  var abstractName: String { "launcher-rights-\(victim)" }
}
