import CShims
import Glibc
import Linux

/// A launcher-net that is taken over: visits the rendezvous as its user, once for each attack, and holds its end of the
/// channel to launcher-vmm.
///
///     taken-over-net UID RENDEZVOUS VICTIM IMAGE
///
/// Prints for each attack whether the channel was `closed`, or `open` and answering, and the attack's name. VICTIM is an
/// instance whose STOP takes long, IMAGE one that is there.
@main struct TakenOverNet {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count == 4, let uid = uid_t(arguments[0]), sh_set_ids(uid, uid, nil, 0) == 0 else {
      fail("usage, as root: taken-over-net UID RENDEZVOUS VICTIM IMAGE")
    }
    signal(SIGPIPE, SIG_IGN)
    do {
      for attack in try Attack.all(on: arguments[2], image: arguments[3]) {
        let line = try Line(to: arguments[1])
        attack.run(line)
        say("\(try line.outcome().rawValue) \(attack.name)")
      }
    } catch {
      fail("\(error)")
    }
  }

  private static func say(_ line: String) { _ = (line + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) } }

  private static func fail(_ reason: String) -> Never {
    say("failed \(reason)")
    exit(3)
  }
}
