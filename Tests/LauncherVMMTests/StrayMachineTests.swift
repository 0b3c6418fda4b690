import Instances
import Testing

@testable import Spawning
@testable import launcher_vmm

private func line(_ words: [String]) -> StrayMachine.CommandLine {
  StrayMachine.CommandLine(Array(words.joined(separator: "\0").utf8) + [0])
}

private func machine(folder: String = "/state/\"instances", program: String = "qemu-system-x86_64") -> [String] {
  [program]
    + QEMUCommandLine.arguments(
      for: fullSpec(), .raw, folder: "\(folder)/\(id)", images: "/state/images",
      .init(accelerator: .kvm, firmware: nil))
}

@Test func aMachineIsKnownByItsCommandLine() {
  #expect(line(machine()).instance(in: "/state/\"instances") == id)
  #expect(line(machine(program: "/usr/bin/qemu-system-x86_64")).instance(in: "/state/\"instances") == id)
}

@Test func noOtherProcessIsTakenForAMachine() {
  #expect(line(machine(folder: "/other/instances")).instance(in: "/state/\"instances") == nil)
  #expect(line(machine(folder: "/other/state/\"instances")).instance(in: "/state/\"instances") == nil)
  #expect(line(machine(program: "vim")).instance(in: "/state/\"instances") == nil)
  #expect(line([]).instance(in: "/state/\"instances") == nil)
  #expect(line(["qemu-system-x86_64", "-name"]).instance(in: "/state/\"instances") == nil)
  var other = machine()
  other[2] = "guest=abc"
  #expect(line(other).instance(in: "/state/\"instances") == nil)
  other[2] = "guest=../x"
  #expect(line(other).instance(in: "/state/\"instances") == nil)
}
