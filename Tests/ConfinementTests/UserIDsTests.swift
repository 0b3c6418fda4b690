import Testing

@testable import Confinement

@Test func identitiesAreReadByNumber() {
  #expect(UserIDs("61001:61002") == UserIDs(uid: 61001, gid: 61002))
  #expect(UserIDs("61001:61002:5,6") == UserIDs(uid: 61001, gid: 61002, groups: [5, 6]))
  #expect(UserIDs("1:1:" + Array(repeating: "7", count: 16).joined(separator: ",")) != nil)
}

@Test func identitiesAreReadAsTheyAreWritten() {
  for ids in [UserIDs(uid: 1, gid: 2), UserIDs(uid: 1, gid: 2, groups: [3, 4])] {
    #expect(UserIDs("\(ids)") == ids)
  }
}

@Test(arguments: [
  "0:1", "1:0", "1:1:0", "1:1:5,0", "0:0", "-0:1",
  // -1 to the kernel: "stay who you are".
  "4294967295:1", "1:4294967295", "1:1:4294967295",
  "", ":", "1", "1:", ":1", "1:1:", "1:1:5,", "1:1:,5", "1:1:5:6", "root:root", "1 :1", "-1:1", "4294967296:1", "0x1:1",
])
func rootAndWhatIsNoIdentityIsRefused(text: String) {
  #expect(UserIDs(text) == nil)
}

@Test func moreGroupsThanAllowedAreRefused() {
  #expect(UserIDs("1:1:" + Array(repeating: "7", count: 17).joined(separator: ",")) == nil)
}
