import Settings
import Testing

@testable import launcher

@Test func usersAreTakenByNumberAndNeverRoot() throws {
  let numbers = ["-net-user=61001:61001", "-vmm-user=61002:61002:5", "-stats-user=61003:61003"]
  let users = try ProcessUsers(Settings(.launcher, numbers))
  #expect(users.net.uid == 61001 && users.vmm.groups == [5] && users.stats.gid == 61003)
  for bad in ["-vmm-user=root", "-vmm-user=0:0", "-vmm-user=no-such-user-here", "-vmm-user=1:1:0"] {
    let options = try Settings(.launcher, numbers + [bad])
    #expect(throws: ProcessUsers.Unknown.self) { try ProcessUsers(options) }
  }
}
