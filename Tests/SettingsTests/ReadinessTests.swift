import Testing

@testable import Settings

private let findings = [
  Finding(.ready, "certificate", "valid"), Finding(.limited, "KVM", "none", remedy: "load it"),
  Finding(.missing, "qemu-img", "not there", remedy: "apt-get install qemu-utils"),
]

@Test func aFindingPassesAsALine() {
  for finding in findings { #expect(Finding(line: finding.line) == finding) }
  let hostile = Finding(.missing, "a\tb", "c\nready\td\te\t", remedy: "\u{1b}[2J")
  #expect(Finding(line: hostile.line)?.text == #"c\nready\td\te\t"#)
  for line in ["", "ready\ta\tb", "good\ta\tb\tc", "ready\ta\tb\tc\td"] { #expect(Finding(line: line) == nil) }
}

@Test func theTableHasARemedyBelowWhatIsNotReady() {
  #expect(
    Readiness.table(findings) == """
      ready    certificate  valid
      limited  KVM          none
                            -> load it
      missing  qemu-img     not there
                            -> apt-get install qemu-utils

      The node is not ready: 1 of 3 are missing.

      """)
  #expect(Readiness.table(Array(findings.prefix(2))).hasSuffix("\nThe node is ready.\n"))
}

@Test func onlyWhatIsMissingMakesTheNodeNotReady() {
  #expect(Readiness.status(findings) == 1)
  #expect(Readiness.status(Array(findings.prefix(2))) == 0)
}

@Test func aProgramsOutputIsTakenUnlessItFails() {
  #expect(ProgramOutput.of("/bin/sh", ["-c", "echo a; echo b >&2; exit 1"], isQuiet: true) == "a\n")
  #expect(ProgramOutput.of("/bin/sh", ["-c", "exit 2"]) == nil)
  #expect(ProgramOutput.of("/bin/sh", ["-c", "kill -9 $$"]) == nil)
  #expect(ProgramOutput.of("/nonexistent", []) == nil)
}
