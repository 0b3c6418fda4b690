import Foundation
import Instances
import Linux
import TestSupport
import Testing

@testable import Networking

/// Tenants' network nodes: macvtaps on the compute interface.
@Suite(.serialized) struct NetworkNodeTests {
  /// udev's part: a device for each macvtap, at the name that the kernel gives it.
  private func makeDevice(_ node: TestNode, in folder: String) throws {
    let line = try #require(try node.namespace.ip("-o", "link", "show", "type", "macvtap").split(separator: "\n").first)
    let words = line.split(separator: " ")
    let (index, name) = (words[0].dropLast(), words[1].prefix { $0 != "@" })
    // /sys is that of the namespace whoever mounted it was in; `ip netns exec` mounts another.
    let number = try node.namespace.execute("cat", "/sys/class/net/\(name)/tap\(index)/dev")
    let parts = number.split(whereSeparator: { ":\n".contains($0) }).compactMap { Int($0) }
    try NetworkNamespace.command(
      "../bin/mknod", ["-m", "600", "\(folder)/tap\(index)", "c", String(parts[0]), String(parts[1])])
  }

  @Test("a network node's instance is on the compute interface, with its own MAC and nothing beside it") func attach()
    throws
  {
    try TestNode.with { node in
      let folder = try TemporaryFolder()
      let engine = try node.engine(devices: folder.path)
      let spec = Spec.networkNode()
      // The device is there some moments after the interface; its test stands in for udev, so it comes with the second
      // try, and the first one leaves nothing.
      #expect { try node.attach(spec, engine) } throws: { "\($0)".hasPrefix("open the device of lv-") }
      #expect(try node.made() == [])
      try withInterface(node, engine, spec, folder.path) { tap, mtu in
        #expect(mtu == 1500)
        let shown = try node.namespace.ip("-d", "link", "show", "type", "macvtap")
        #expect(shown.contains("@compute") && shown.contains("macvtap mode bridge"), "\(shown)")
        #expect(shown.contains("link/ether \(spec.network.mac!)") && shown.contains(",UP"), "\(shown)")
        #expect(shown.contains(" direct \(Spec.tenant) \(spec.instance)"), "\(shown)")
        #expect(!(try node.namespace.ip("address", "show", "type", "macvtap")).contains("inet6"))
        #expect(try node.made().count == 1)
        #expect(try engine.instances() == [spec.instance])
        let outside = try node.capture()
        try TapEnd(tap).send(.ipv4(from: spec.network.mac!, "10.9.0.77", mark: "leaves by the compute interface"))
        _ = try outside.received(until: "leaves by the compute interface")
      }
      try engine.detach(spec.instance)
      #expect(try node.made() == [])
    }
  }

  /// Attaches with the device made beforehand, as one that attaches again finds it.
  private func withInterface(
    _ node: TestNode, _ engine: NetworkEngine, _ spec: InstanceSpec, _ folder: String,
    _ body: (Descriptor, UInt16) throws -> Void
  ) throws {
    let alias = InterfaceAlias(engine.configuration.node, .direct(tenant: spec.tenant, spec.instance))
    let name = InterfaceName.candidate(alias, 0)
    try node.namespace.ip(
      "link", "add", "link", "compute", "name", name, "address", "\(spec.network.mac!)", "type", "macvtap", "mode",
      "bridge")
    try node.namespace.ip("link", "set", name, "alias", alias.text, "addrgenmode", "none")
    try makeDevice(node, in: folder)
    let (tap, mtu) = try node.attach(spec, engine)
    try body(tap, mtu)
  }
}
