import Foundation
import Instances
import TestSupport
import Testing

@testable import launcher_vmm

/// Files in place of control groups. What the kernel does with them is tested in a guest: `make test-own-kernel`.
private final class Groups {
  static let user: uid_t = 64_117
  static let instance = Identifier("67d86208-b46c-4465-9018-fe14087d415f")!

  let folder: TemporaryFolder
  let unit: String
  var node: MachineGroups.Node

  init(path: String = "/system.slice/launcher-vmm.service", controllers: String = "cpuset cpu io memory pids") throws {
    folder = try TemporaryFolder()
    unit = folder.path + "/cgroup" + path
    node = MachineGroups.Node(membership: folder.path + "/membership", mount: folder.path + "/cgroup")
    try "12:pids:/\n0::\(path)\n".write(toFile: node.membership, atomically: false, encoding: .utf8)
    for name in ["manager", "vm-\(Self.instance)", "vm-0", ".control"] {
      try FileManager.default.createDirectory(atPath: "\(unit)/\(name)", withIntermediateDirectories: true)
    }
    chown(unit, Self.user, Self.user)
    try write("cgroup.controllers", controllers)
    for name in ["cgroup.procs", "cgroup.subtree_control", "manager/cgroup.procs", "manager/cpu.weight"] {
      try write(name, "")
    }
    for name in ["memory.max", "cpu.max", "pids.max", "cgroup.procs"] { try write("vm-\(Self.instance)/\(name)", "") }
  }

  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: "\(unit)/\(name)", atomically: false, encoding: .utf8)
  }

  func text(_ name: String) -> String { (try? String(contentsOfFile: "\(unit)/\(name)", encoding: .utf8)) ?? "none" }

  func isThere(_ name: String) -> Bool { access("\(unit)/\(name)", F_OK) == 0 }

  func open(for user: uid_t = Groups.user) throws -> MachineGroups { try MachineGroups(for: user, on: node) }

  /// Why they cannot be had.
  func obstacle(for user: uid_t = Groups.user) -> String {
    do {
      _ = try open(for: user)
      return "none"
    } catch { return "\(error)" }
  }
}

@Test func aDelegatedGroupPassesItsControllersOn() throws {
  let groups = try Groups()
  _ = try groups.open()
  #expect(groups.text("cgroup.subtree_control") == "+memory +cpu +pids")
}

@Test func launcherHasTenTimesTheProcessorTimeOfAMachine() throws {
  let groups = try Groups()
  _ = try groups.open()
  #expect(groups.text("manager/cpu.weight") == "1000")
}

@Test func groupsWithoutAMachineAreRemovedAtTheStart() throws {
  let groups = try Groups()
  _ = try groups.open()
  #expect(!groups.isThere("vm-0"))
  #expect(groups.isThere("vm-\(Groups.instance)"))
  #expect(groups.isThere(".control"))
}

@Test func aMachineGetsItsLimits() throws {
  let groups = try Groups()
  var resources = Resources()
  resources.vcpus = 3
  resources.memoryMB = 2048
  try groups.open().place(4711, of: Groups.instance, MachineLimits(resources))
  let name = "vm-\(Groups.instance)"
  #expect(groups.text("\(name)/memory.max") == "\((2048 + 64 + 1024) * 1_048_576)")
  #expect(groups.text("\(name)/cpu.max") == "400000 100000")
  #expect(groups.text("\(name)/pids.max") == "131")
  #expect(groups.text("\(name)/cgroup.procs") == "4711")
}

@Test func theGroupOfAMachineThatEndedIsRemoved() throws {
  let groups = try Groups()
  let opened = try groups.open()
  let id = try #require(Identifier("abc"))
  mkdir("\(groups.unit)/vm-abc", 0o755)
  #expect(opened.remove(id))
  #expect(!groups.isThere("vm-abc"))
  // It is not there any more, and one with a process in it stays.
  #expect(opened.remove(id))
  #expect(!opened.remove(Groups.instance))
  #expect(groups.isThere("vm-\(Groups.instance)"))
}

@Test func withoutADelegatedGroupTheReasonIsSaid() throws {
  #expect(try Groups(path: "/user.slice/session-1.scope").obstacle().contains("in no control group"))
  #expect(try Groups().obstacle(for: 64_118).hasSuffix("is not delegated to user 64118"))
  #expect(try Groups().obstacle(for: 0).hasSuffix("is not delegated to user 0"))
  #expect(try Groups(controllers: "cpu io").obstacle().hasSuffix("has no memory, pids controller"))
  let missing = try Groups()
  missing.node.mount = "/nonexistent"
  #expect(missing.obstacle().contains("No such file"))
}

/// Files of a file system do not empty themselves as the kernel's do.
@Test func processesThatDoNotLeaveTheUnitsGroupAreAnObstacle() throws {
  let groups = try Groups()
  try groups.write("cgroup.procs", "17\n")
  #expect(groups.obstacle().contains("go on appearing"))
  #expect(groups.text("manager/cgroup.procs").hasPrefix("17"))
  #expect(groups.text("cgroup.subtree_control") == "")
}
