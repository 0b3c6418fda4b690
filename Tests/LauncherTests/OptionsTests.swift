import GoFlags
import Testing

@testable import launcher

@Test func whatIsGivenIsPassedOnAndNothingElse() throws {
  let options = try Options([
    "-server=a:1,b", "-stop-grace", "5s", "-state-dir=/srv/ciao", "-rendezvous=/run/x", "-v=2",
  ])
  #expect(options.netArguments == ["-state-dir=/srv/ciao", "-v=2", "-rendezvous=/run/x", "-server=a:1,b"])
  #expect(options.vmmArguments == ["-state-dir=/srv/ciao", "-v=2", "-stop-grace=5s"])
  #expect(options.statsArguments == ["-state-dir=/srv/ciao", "-v=2", "-rendezvous=/run/x"])
}

@Test func unknownFlagsAreRefused() {
  #expect(throws: FlagError.self) { try Options(["-no-such-flag"]) }
}

@Test func usersAreTakenByNumberAndNeverRoot() throws {
  let numbers = ["-net-user=61001:61001", "-vmm-user=61002:61002:5", "-stats-user=61003:61003"]
  let users = try ProcessUsers(Options(numbers))
  #expect(users.net.uid == 61001 && users.vmm.groups == [5] && users.stats.gid == 61003)
  for bad in ["-vmm-user=root", "-vmm-user=0:0", "-vmm-user=no-such-user-here", "-vmm-user=1:1:0"] {
    #expect(throws: ProcessUsers.Unknown.self) { try ProcessUsers(Options(numbers + [bad])) }
  }
}
