import Channel
import Glibc
import Instances
import Linux
import Loop
import Networking
import Settings

/// In place of launcher-vmm's manager: starts the network child and asks it what it reads, a line each:
///
///     attach INSTANCE TENANT SUBNET CONCENTRATOR-IP MAC IP
///     attach-direct INSTANCE TENANT MAC
///     detach INSTANCE
///     list
///
/// Prints `attached NUMBER-OF-LINE MTU`, `detached`, `present INSTANCE`, `listed` or `failed REASON` and, when the child has
/// ended, `lost REASON`. What is attached it keeps open. Arguments: a tunnel protocol, and launcher-vmm's own.
@main struct NetworkProbe {
  private static let concentrator = Identifier("b2b4e4a2-0000-4465-9018-fe14087d415f")!

  static func main() {
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      guard let tunnel = arguments.first.flatMap({ TunnelProtocol(rawValue: $0) }) else { fail("no tunnel protocol") }
      let options = try Settings(.vmm, Array(arguments.dropFirst()))
      let child = try NetworkHelper.fork(
        options,
        NetworkConfiguration(
          computeNetworks: options.computeNetworks, tunnel: tunnel, preventsSpoofing: true,
          node: NodeToken(stateFolder: options.stateFolder)))
      try serve(child, EventLoop())
    } catch {
      fail("\(error)")
    }
  }

  private static func serve(_ child: Descriptor, _ loop: EventLoop) {
    var taps: [Descriptor] = []
    let channel = Channel<NetworkToManager, ManagerToNetwork>(
      child, loop: loop,
      onMessage: { message in
        switch message {
        case .attached(let job, let tap, let mtu):
          taps.append(tap)
          say("attached \(job) \(mtu)")
        case .joined(_, let bridge): say("joined \(bridge)")
        case .bridge(_, let bridge): say("bridge \(bridge)")
        case .detached: say("detached")
        case .present(_, let instance): say("present \(instance)")
        case .listed: say("listed")
        case .failed(_, let reason): say("failed \(reason)")
        }
      },
      onClose: { say("lost \($0)") })
    var job: UInt64 = 0
    loop.onReadable(STDIN_FILENO) {
      guard let lines = read() else { return loop.stop() }
      for line in lines {
        job += 1
        channel.send(request(line.split(separator: " "), job))
      }
    }
    withExtendedLifetime(channel) { loop.run() }
  }

  /// What standard input has; nil at its end. A test writes whole lines.
  private static func read() -> [Substring]? {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(STDIN_FILENO, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") : nil
  }

  private static func request(_ words: [Substring], _ job: UInt64) -> ManagerToNetwork {
    switch (words.first, words.count) {
    case ("list", 1): return .list(job: job)
    case ("detach", 2): return .detach(job: job, Identifier(words[1])!)
    case ("attach", 7):
      var spec = InstanceSpec(instance: Identifier(words[1])!, tenant: Identifier(words[2])!, kind: .qemu)
      spec.image = ImageName("image")
      spec.network.subnet = IPv4Subnet(words[3])
      spec.network.concentrator = concentrator
      spec.network.concentratorIP = IPv4Address(words[4])
      spec.network.mac = MACAddress(words[5])
      spec.network.privateIP = IPv4Address(words[6])
      return .attach(job: job, spec)
    case ("attach-direct", 4):
      var spec = InstanceSpec(instance: Identifier(words[1])!, tenant: Identifier(words[2])!, kind: .qemu)
      spec.image = ImageName("image")
      spec.resources.isNetworkNode = true
      spec.network.mac = MACAddress(words[3])
      return .attach(job: job, spec)
    default: fail("no request: \(words)")
    }
  }

  private static func say(_ line: String) { _ = (line + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) } }

  private static func fail(_ reason: String) -> Never {
    _ = "network-probe: \(reason)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(3)
  }
}
