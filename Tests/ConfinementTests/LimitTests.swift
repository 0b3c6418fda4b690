import CShims
import Glibc
import Testing

@testable import Confinement
@testable import Rights

private func present(_ resource: ResourceLimit.Resource) -> rlimit {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(UInt32(resource.number)), &limit)
  return limit
}

@Test func aLimitIsSetForGoodAsFarAsTheProcessMayGo() async {
  await #expect(processExitsWith: .success) {
    var low = rlimit(rlim_cur: 200, rlim_max: 400)
    try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &low) == 0)
    try limit(.openFiles, 1_000_000, because: "test").apply()
    #expect(present(.openFiles).rlim_cur == 400 && present(.openFiles).rlim_max == 400)
    try limit(.openFiles, 300, because: "test").apply()
    #expect(present(.openFiles).rlim_cur == 300 && present(.openFiles).rlim_max == 300)
  }
}

@Test func everyProcessGetsTheLimitsOfItsRights() async {
  await #expect(processExitsWith: .success) {
    let user = geteuid() == 0 ? UserIDs(uid: 61001, gid: 61001) : nil
    try Confinement.dropPrivileges(to: user, rights: .stats)
    for limit in ProcessRights.stats.limits {
      #expect(present(limit.resource).rlim_max <= limit.value, "\(limit.resource.rawValue)")
    }
    #expect(present(.processes).rlim_cur == 0)
    // Not even a thread can be made: that is a fork to the kernel.
    #expect(sh_fork() == -EAGAIN)
  }
}

/// The bits of linux/securebits.h with their locks: noroot, no_setuid_fixup, keep_caps' lock alone, no ambient ones.
@Test(.enabled(if: geteuid() == 0, "securebits take CAP_SETPCAP"))
func securebitsAreLocked() async {
  await #expect(processExitsWith: .success) {
    try Confinement.dropPrivileges(to: UserIDs(uid: 61001, gid: 61001), rights: .stats)
    #expect(sh_prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == 0b1110_1111)
  }
}
