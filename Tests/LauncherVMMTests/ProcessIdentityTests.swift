import Glibc
import Linux
import Testing

@testable import launcher_vmm

@Test func thisProcessHasAStartTimeThatDoesNotChange() throws {
  let time = try #require(ProcessIdentity.startTime(of: getpid()))
  #expect(time > 0)
  #expect(ProcessIdentity.startTime(of: getpid()) == time)
  // The kernel's own figure: field 22 of a line whose second field has no space here.
  let first = try #require(ProcessIdentity.startTime(of: 1))
  #expect(first <= time)
}

@Test func aProcessThatIsNotThereHasNoStartTime() {
  #expect(ProcessIdentity.startTime(of: .max) == nil)
  #expect(ProcessIdentity.startTime(of: -1) == nil)
}

@Test func aNameWithParenthesesAndSpacesDoesNotShiftTheFields() async {
  await #expect(processExitsWith: .success) {
    let before = ProcessIdentity.startTime(of: getpid())
    let file = try #require(fopen("/proc/self/comm", "we"))
    fputs("a) 1 2 (b ) c", file)
    fclose(file)
    #expect(before != nil)
    #expect(ProcessIdentity.startTime(of: getpid()) == before)
  }
}

@Test func theBootHasAName() throws {
  let name = ProcessIdentity.bootID(told: nil)
  #expect(name.utf8.count == 32)
  // As it is told where the file cannot be seen, and no other way.
  #expect(ProcessIdentity.bootID(file: "/nonexistent", told: name) == name)
  #expect(ProcessIdentity.bootID(told: String(repeating: "0", count: 32)) == name)
  #expect(ProcessIdentity.bootID(file: "/nonexistent", told: nil) == "")
  #expect(ProcessIdentity.bootID(file: "/nonexistent", told: "%b") == "")
}
