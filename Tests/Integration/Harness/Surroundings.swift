import Foundation

/// What `make integration-tests` hands to the tests: programs and files that were made before.
struct Surroundings {
  struct Missing: Error, CustomStringConvertible {
    let variable: String
    var description: String { "\(variable) is not set: run these tests by `make integration-tests`, as root" }
  }

  /// The folder of the release binaries.
  let binaries: String
  /// The folder of the debug binaries, which can be held at steps of their work.
  let debugBinaries: String
  /// A disk that boots by legacy BIOS and by EFI.
  let guestImage: String
  /// The SSNTP server in Go.
  let peer: String

  init() throws {
    binaries = try Self.variable("LAUNCHER_BINARIES")
    debugBinaries = try Self.variable("LAUNCHER_DEBUG_BINARIES")
    guestImage = try Self.variable("LAUNCHER_GUEST_IMAGE")
    peer = try Self.variable("LAUNCHER_PEER")
    guard geteuid() == 0 else { throw HarnessError("these tests need root: they start launcher as a service would") }
  }

  private static func variable(_ name: String) throws -> String {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { throw Missing(variable: name) }
    return value
  }
}

/// Something that the harness could not do, or that did not come about.
struct HarnessError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Asks again and again whether `condition` holds; false when it never does within `seconds`.
///
/// The deadline is for what never comes: nothing is asserted about time, and a slow machine may take its time.
func eventually(
  within seconds: Double = 60, every pause: Duration = .milliseconds(10), _ condition: () throws -> Bool
) async throws -> Bool {
  let clock = ContinuousClock()
  let deadline = clock.now + .seconds(seconds)
  while true {
    if try condition() { return true }
    guard clock.now < deadline else { return false }
    try await Task.sleep(for: pause)
  }
}
