import AsyncLoop
import Channel
import Instances
import Settings
import Testing

@testable import launcher_net

private func interface(_ name: String, _ ip: String) -> NodeInterfaces.Address {
  NodeInterfaces.Address(name: name, ip: IPv4Address(ip)!, mac: MACAddress("02:00:00:00:00:01")!, prefixLength: 24)
}

private let interfaces = [interface("eth0", "10.0.0.1"), interface("eth1", "192.168.0.1")]

/// What these tests do happens at once; they borrow the loop's isolation without running the loop.
private func isolated(_ body: @LoopActor () throws -> Void) rethrows {
  try withoutActuallyEscaping(body) { try unsafeBitCast($0, to: (() throws -> Void).self)() }
}

/// A configurator of a node with these options, and what it was told to change.
@LoopActor private final class Scene {
  let configurator: Configurator
  private(set) var changes: [Configurator.Effects] = []

  init(_ arguments: String...) throws {
    configurator = Configurator(try Settings(.net, arguments), interfaces: interfaces)
    configurator.onChange = { [unowned self] in changes.append($0) }
  }

  func take(_ launcher: String) -> Bool { configurator.take(Array("configure: {launcher: {\(launcher)}}".utf8)) }

  var names: [String] { configurator.effects.interfaces.map(\.name) }
}

@Test func whatIsConfiguredCountsUntilTheNextConfiguration() throws {
  try isolated {
    let scene = try Scene()
    #expect(scene.names == ["eth0", "eth1"])
    #expect(scene.take("compute_net: [192.168.0.0/16], mem_limit: true, disk_limit: false, trace: true"))
    #expect(scene.names == ["eth1"])
    #expect(scene.configurator.effects.tracesFrames)
    #expect(scene.configurator.effects.limits == ConfiguredLimits(memory: true, disk: false))
    #expect(scene.take("mem_limit: true"))
    #expect(scene.names == ["eth0", "eth1"])
    #expect(!scene.configurator.effects.tracesFrames)
    #expect(scene.configurator.effects.limits == ConfiguredLimits(memory: true))
    #expect(scene.changes.count == 2)
  }
}

@Test func theSameConfigurationAgainChangesNothing() throws {
  try isolated {
    let scene = try Scene()
    for _ in 0..<3 { #expect(scene.take("compute_net: [192.168.0.0/16], child_user: somebody")) }
    #expect(scene.changes.count == 1)
  }
}

@Test func whatTheOperatorGaveHasTheLastWord() throws {
  try isolated {
    let scene = try Scene("-compute-net=10.0.0.0/8", "-trace=false")
    #expect(scene.take("compute_net: [192.168.0.0/16], trace: true"))
    #expect(scene.names == ["eth0"])
    #expect(!scene.configurator.effects.tracesFrames)
    #expect(scene.changes.isEmpty)
    let tracing = try Scene("-trace")
    #expect(tracing.take("trace: false"))
    #expect(tracing.configurator.effects.tracesFrames)
  }
}

@Test func anInvalidConfigurationChangesNothing() throws {
  try isolated {
    let scene = try Scene()
    #expect(scene.take("compute_net: [192.168.0.0/16], trace: true"))
    let before = scene.configurator.effects
    for bad in ["compute_net: [x], trace: false", "trace: 1", "mem_limit: true, child_user: \"a b\"", "[", "}"] {
      #expect(!scene.take(bad), "\(bad)")
    }
    #expect(scene.configurator.effects == before)
    #expect(scene.changes.count == 1)
  }
}

@Test(arguments: ["compute_net", "mgmt_net"])
func aNodeInTenantsNetworksNeedsAnInterfaceInWhatIsConfigured(key: String) throws {
  try isolated {
    let scene = try Scene("-network=cn")
    #expect(!scene.take("\(key): [172.16.0.0/12], trace: true"))
    #expect(scene.changes.isEmpty)
    #expect(scene.take("\(key): [10.0.0.0/8]"))
    // What is not used is not looked for.
    let given = try Scene("-network=cn", "-compute-net=10.0.0.0/8", "-mgmt-net=10.0.0.0/8")
    #expect(given.take("\(key): [172.16.0.0/12]"))
    #expect(try Scene("-network=none").take("\(key): [172.16.0.0/12]"))
  }
}
