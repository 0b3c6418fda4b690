import Instances
import Testing

@testable import Payloads

private func read(_ text: String) throws -> NodeConfiguration { try parseConfiguration(Array(text.utf8)) }

@Test func aClustersConfigurationIsReadForWhatItSaysOfNodes() throws {
  let configuration = try read(
    """
    configure:
      scheduler:
        storage_uri: /etc/ciao/configuration.yaml
      storage:
        ceph_id: ciao
      controller:
        compute_port: 8774
        compute_ca: /etc/pki/ciao/compute_ca.pem
      launcher:
        compute_net:
        - 10.0.0.0/8
        - 192.168.0.0/16
        mgmt_net: [172.16.0.0/12]
        disk_limit: true
        mem_limit: false
        child_user: ciao
        trace: true
      image_service:
        type: glance
        url: http://glance.example.com
    """)
  var expected = NodeConfiguration()
  expected.computeNetworks = [IPv4Subnet("10.0.0.0/8")!, IPv4Subnet("192.168.0.0/16")!]
  expected.managementNetworks = [IPv4Subnet("172.16.0.0/12")!]
  expected.limitsDisk = true
  expected.limitsMemory = false
  expected.childUser = "ciao"
  expected.tracesFrames = true
  #expect(configuration == expected)
}

@Test(arguments: [
  "configure:", "configure: {}", "configure: {launcher: }", "configure: {launcher: {compute_net: []}}",
  "configure: {launcher: {compute_net: [\"\", ~], mgmt_net: \"\", child_user: \"\", disk_limit: ~}}",
  "configure: {launcher: {unknown: [1, {a: b}]}, other: 7}\nmore: x",
])
func whatAConfigurationDoesNotSayIsAbsent(text: String) throws {
  #expect(try read(text) == NodeConfiguration())
}

@Test func oneSubnetMayStandAlone() throws {
  #expect(try read("configure: {launcher: {compute_net: 10.0.0.0/8}}").computeNetworks == [IPv4Subnet("10.0.0.0/8")!])
}

@Test(arguments: [
  ("", "no key `configure`"), ("configure: [", "cannot read"), ("[]", "no key `configure`"),
  ("launcher: {}", "no key `configure`"), ("configure: 1", "`configure` must be a mapping"),
  ("configure: {launcher: [1]}", "`configure.launcher` must be a mapping"), ("configure: \"\"", "must be a mapping"),
  ("configure: {launcher: {disk_limit: 1}}", "`configure.launcher.disk_limit` must be true or false, not \"1\""),
  ("configure: {launcher: {mem_limit: \"true\"}}", "must be true or false"),
  ("configure: {launcher: {trace: [true]}}", "must be true or false"),
  ("configure: {launcher: {compute_net: [10.0.0.0/33]}}", "a list of subnets such as 10.0.0.0/8, not \"10.0.0.0/33\""),
  ("configure: {launcher: {mgmt_net: [[10.0.0.0/8]]}}", "`configure.launcher.mgmt_net` must be a list of subnets"),
  ("configure: {launcher: {mgmt_net: {a: b}}}", "must be a list of subnets"),
  ("configure: {launcher: {child_user: \"-x\"}}", "must be a user's name"),
  ("configure: {launcher: {child_user: \"a b\"}}", "must be a user's name"),
  ("configure: {launcher: {child_user: \"\(String(repeating: "u", count: 33))\"}}", "must be a user's name"),
  (
    "configure: {launcher: {compute_net: [\(String(repeating: "10.0.0.0/8, ", count: 17))]}}",
    "has more than 16 subnets"
  ),
  ("configure: {launcher: {disk_limit: true, disk_limit: false}}", "occurs twice"),
  ("configure: {launcher: &a {}}", "anchor"), ("configure: {}\n---\nconfigure: {}", "more than one document"),
  ("configure: {x: \"\(String(repeating: "x", count: 256 << 10))\"}", "at most"),
])
func aConfigurationWithAnythingThatCannotBeUsedIsRefused(text: String, problem: String) {
  do {
    _ = try read(text)
    Issue.record("taken: \(text.prefix(80))")
  } catch {
    #expect("\(error)".contains(problem))
  }
}
