import Testing

@testable import Instances

@Test(arguments: ["a", "0", "67d86208-000-4465-9018-fe14087d415f", "ABC-def", String(repeating: "a", count: 72)])
func groupsOfHexadecimalDigitsAreAnIdentifier(text: String) {
  #expect(Identifier(text)?.text == text)
}

@Test(arguments: [
  "", "-", "-a", "a-", "a--b", "g", "a/b", "../a", "a b", "a\0", "a\n", "é", "a_b", "１",
  String(repeating: "a", count: 73),
])
func nothingElseIsAnIdentifier(text: String) {
  #expect(Identifier(text) == nil)
}

@Test func identifiersAreOrderedByTheirText() throws {
  #expect(try #require(Identifier("1")) < #require(Identifier("2")))
  #expect(Identifier("ab") != Identifier("AB"))
}

@Test(arguments: ["a", "image.qcow2", "Ubuntu-22.04_x", "-dash", "a..b", String(repeating: "i", count: 255)])
func fileNamesAreImageNames(text: String) {
  #expect(ImageName(text)?.text == text)
}

@Test(arguments: [
  "", ".", "..", ".hidden", "a/b", "/", "a\0b", "a b", "a,b", "a\n", "ü", String(repeating: "i", count: 256),
])
func nothingThatLeavesTheImagesFolderIsAnImageName(text: String) {
  #expect(ImageName(text) == nil)
}

@Test func macAddressesAreReadInEitherCaseAndWrittenInLowerCase() {
  #expect(MACAddress("02:00:E6:f5:AF:f9")?.description == "02:00:e6:f5:af:f9")
  #expect(MACAddress("02:00:e6:f5:af:f9")?.isMulticast == false)
  #expect(MACAddress("01:00:5e:00:00:01")?.isMulticast == true)
}

@Test(arguments: [
  "", "02:00:e6:f5:af", "02:00:e6:f5:af:f9:00", "2:0:e6:f5:af:f9", "02-00-e6-f5-af-f9", "+2:00:e6:f5:af:f9",
  "-0:00:e6:f5:af:f9", "02:00:e6:f5:af:g9", "02:00:e6:f5:af:", "02:00:e6:f5:af:é",
])
func nothingElseIsAMACAddress(text: String) {
  #expect(MACAddress(text) == nil)
}

@Test func aMACAddressHasSixBytes() {
  #expect(MACAddress(bytes: [2, 0, 0, 0, 0]) == nil)
  #expect(MACAddress(bytes: [2, 0, 0, 0, 0, 1])?.description == "02:00:00:00:00:01")
}

@Test(arguments: ["0.0.0.0", "255.255.255.255", "192.168.8.1"])
func ipAddressesAreWrittenAsTheyWereRead(text: String) {
  #expect(IPv4Address(text)?.description == text)
}

@Test(arguments: [
  "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..3.4", "+1.2.3.4", "1.2.3.-0", "1.2.3.4 ", "١.2.3.4",
])
func nothingElseIsAnIPAddress(text: String) {
  #expect(IPv4Address(text) == nil)
}

@Test(arguments: ["192.168.8.0/21", "0.0.0.0/0", "10.1.2.3/32"])
func subnetsAreWrittenAsTheyWereRead(text: String) {
  #expect(IPv4Subnet(text)?.description == text)
}

@Test(arguments: [
  "", "192.168.8.0", "192.168.8.0/33", "192.168.8.0/", "192.168.8.0/-1", "192.168.8.0/+1", "a/8", "1.2.3.4/8/9",
])
func nothingElseIsASubnet(text: String) {
  #expect(IPv4Subnet(text) == nil)
}

@Test func aSubnetContainsWhatItsPrefixCovers() throws {
  func contains(_ subnet: String, _ address: String) throws -> Bool {
    try #require(IPv4Subnet(subnet)).contains(#require(IPv4Address(address)))
  }
  #expect(try contains("192.168.8.0/21", "192.168.15.255"))
  #expect(try !contains("192.168.8.0/21", "192.168.16.0"))
  #expect(try contains("0.0.0.0/0", "255.1.2.3"))
  #expect(try contains("10.0.0.1/32", "10.0.0.1"))
  #expect(try !contains("10.0.0.1/32", "10.0.0.2"))
}

@Test func resourcesAreSaneWithinTheirBoundsOnly() {
  func isSane(_ change: (inout Resources) -> Void) -> Bool {
    var resources = Resources()
    change(&resources)
    return resources.isSane
  }
  #expect(Resources().isSane)
  for (sane, vcpus) in [(true, 1), (true, 256), (false, 0), (false, 257), (false, -1)] {
    #expect(isSane { $0.vcpus = vcpus } == sane)
  }
  for (sane, memory) in [(true, 1), (true, 16_777_216), (false, 0), (false, 16_777_217), (false, .max)] {
    #expect(isSane { $0.memoryMB = memory } == sane)
  }
  for (sane, disk) in [(true, nil), (true, 1), (true, 64_000_000), (false, 0), (false, 64_000_001)] as [(Bool, Int?)] {
    #expect(isSane { $0.diskMB = disk } == sane)
  }
}

@Test func everyFailureReasonHasADocumentedNameOfItsOwn() {
  #expect(Set(FailureReason.allCases.map(\.name)).count == FailureReason.allCases.count)
  let reachable = InstanceCommand.allCases.reduce(into: Set()) { $0.formUnion($1.failureReasons) }
  #expect(reachable == Set(FailureReason.allCases))
  #expect(InstanceCommand.delete.failureReasons == [.noInstance, .invalidPayload, .invalidData])
}

@Test func namesOfEnumerationsAreReadAsTheyAreWritten() {
  for firmware in Firmware.allCases { #expect(Firmware(name: firmware.name) == firmware) }
  for kind in InstanceKind.allCases { #expect(InstanceKind(name: kind.name) == kind) }
  #expect(Firmware(name: "EFI") == nil)
  #expect(InstanceKind(name: "") == nil)
}
