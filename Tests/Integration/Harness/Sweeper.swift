import Foundation

/// Removes what a test leaves of a folder when the test's own process ends, however it ends: a crash or Ctrl-C runs
/// no other code of it.
final class Sweeper {
  /// Reads the folder's name, then waits for the end of its input. So no argument of its own names the folder.
  private static let script = """
    trap '' HUP INT TERM
    read -r folder
    read -r end
    sweep() {
      found=1
      for process in /proc/[0-9]*; do
        if tr '\\0' ' ' <"$process/cmdline" | grep -qF -- "$folder"; then
          kill -KILL "${process#/proc/}"
          found=0
        fi
      done
      return $found
    }
    while sweep; do sleep 0.1; done
    grep -F " $folder/" /proc/self/mounts | cut -d ' ' -f 2 | sort -r | while read -r place; do umount "$place"; done
    rm -rf -- "$folder"
    """

  private let input: InputSocket
  private let process: ChildProcess

  init(of folder: String) throws {
    input = try InputSocket()
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(null) }
    process = try input.start(["/bin/sh", "-c", Self.script], output: null)
    try input.send(line: Data(folder.utf8))
  }

  /// Lets it do its work, which is none after a test that cleaned up, and end.
  func finish() async throws {
    input.close()
    guard try await eventually({ process.hasEnded }) else { throw HarnessError("the sweeper does not end") }
  }
}
