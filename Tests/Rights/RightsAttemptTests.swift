import Glibc
import Testing

/// Each right that a process lacks is tried inside the confined process; the same attempt outside succeeds, so it is
/// the confinement that the test sees.
@Suite(.serialized) struct RightsAttemptTests {
  @Test("what a process may not do fails, and what it must do works", arguments: Row.all)
  func attempts(_ row: Row) throws {
    let scene = try Scene()
    defer { scene.remove() }
    for (expected, attempts) in row.forbidden {
      for attempt in attempts {
        let outcome = try scene.outcome(of: attempt, as: row.process)
        #expect(outcome == expected, "\(attempt) as \(row.process) \(outcome)")
        let control = try scene.outcome(of: attempt, as: Row.privileged.contains(attempt) ? "nothing" : "user")
        if Row.refusedByArguments.contains(attempt) {
          #expect(control != expected, "\(attempt) without confinement \(control) too")
        } else {
          #expect(control == .done, "\(attempt) without confinement \(control)")
        }
      }
    }
    for attempt in row.allowed {
      let outcome = try scene.outcome(of: attempt, as: row.process)
      #expect(outcome == .done, "\(attempt) as \(row.process) \(outcome)")
    }
  }

  @Test(
    "a taken-over manager makes the spawner start the programs for instances and images, and nothing else",
    arguments: [
      ("ask-for-own-instance", "started"),
      ("ask-for-image-by-link-beside-it", "started"),
      ("ask-for-image-by-link-outside", "refused"),
      ("ask-for-device-as-image", "refused"),
      ("ask-for-folder-by-link", "refused"),
      ("ask-for-disk-by-link", "refused"),
      ("ask-for-staging-by-link", "refused"),
      ("ask-for-instance-that-is-not-there", "refused"),
      ("name-folder-outside", "closed"),
      ("name-image-outside", "closed"),
      ("name-fifth-program", "closed"),
      ("add-bytes", "closed"),
      ("make-disk-beyond-bounds", "closed"),
    ])
  func manager(attempt: String, expected: String) throws {
    let scene = try Scene()
    defer { scene.remove() }
    let (line, log, end) = try scene.line("taken-over-manager", attempt)
    #expect(end == .exited(0), "\(end): \(log)")
    #expect(line.split(separator: " ").first.map(String.init) == expected, "\(line)")
  }
}
