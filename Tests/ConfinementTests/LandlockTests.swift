import Glibc
import Linux
import Testing

@testable import Confinement
@testable import Rights

private let everything = LandlockPolicy(
  files: [], connect: .none, bind: .none, scopesAbstractSockets: true, scopesSignals: true, scopeReason: "")

@Test(arguments: [
  (0, "no Landlock"), (1, "truncating files, TCP ports, device controls, abstract sockets, signals"),
  (2, "truncating files, TCP ports, device controls, abstract sockets, signals"),
  (3, "TCP ports, device controls, abstract sockets, signals"), (4, "device controls, abstract sockets, signals"),
  (5, "abstract sockets, signals"),
])
func whatAnOlderKernelCannotEnforceIsSaidInOneSentence(abi: Int, missing: String) throws {
  let sentence = try #require(Landlock.shortcomings(of: everything, abi: abi))
  #expect(sentence.contains(missing), "\(sentence)")
  #expect(!sentence.contains("\n"))
}

@Test func aKernelThatEnforcesAllIsNotComplainedAbout() {
  #expect(Landlock.shortcomings(of: everything, abi: 6) == nil)
  let files = LandlockPolicy(
    files: [], connect: .any, bind: .any, scopesAbstractSockets: false, scopesSignals: false, scopeReason: "")
  #expect(Landlock.shortcomings(of: files, abi: 5) == nil)
}

@Test(.enabled(if: Landlock.abi > 0, "needs a kernel with Landlock"))
func aPlaceThatNobodyNamedIsAnErrorAndAPathThatIsNotThereIsNone() throws {
  let unnamed = LandlockPolicy(
    files: allow(.read, .images, because: "test"), connect: .any, bind: .any, scopesAbstractSockets: false,
    scopesSignals: false, scopeReason: "")
  #expect(throws: ConfinementError.self) { try Landlock.ruleset(unnamed, Surroundings()) }
  let absent = LandlockPolicy(
    files: allow(.read, .path("/nonexistent"), because: "test"), connect: .any, bind: .any,
    scopesAbstractSockets: false, scopesSignals: false, scopeReason: "")
  #expect(try Landlock.ruleset(absent, Surroundings()) != nil)
}

@Test func aFilterForAChildIsAWholeNumberOfInstructions() throws {
  for rights in [ProcessRights.qemu, .qemuImg, .xorriso] {
    let program = try SeccompFilter.program(rights.seccomp)
    #expect(program.count > 0 && program.count % SeccompFilter.instructionSize == 0)
    // Below the kernel's limit, so nothing was cut off.
    #expect(program.count < 4096 * SeccompFilter.instructionSize)
  }
}
