import Foundation
import Testing

extension Integration {
  /// What the programs answer on the command line, as they are installed.
  @Suite struct CommandLineTests {
    static let programs = ["launcher", "launcher-net", "launcher-vmm", "launcher-stats"]

    private static func outcome(_ program: String, _ arguments: String...) throws -> (status: Int32, text: String) {
      try ChildProcess.outcome(of: ["\(Surroundings().binaries)/\(program)"] + arguments)
    }

    @Test(arguments: programs) func `-version tells version, commit and libraries`(program: String) throws {
      let (status, text) = try Self.outcome(program, "-version")
      #expect(status == 0)
      let lines = text.split(separator: "\n").map(String.init)
      #expect(lines.first?.wholeMatch(of: try Regex("\(program) [^ ]+ \\(commit [^ ]+\\)")) != nil, "\(text)")
      let libraries = Set(lines.dropFirst().map { $0.trimmingCharacters(in: .whitespaces).prefix { $0 != " " } })
      #expect(libraries.isSuperset(of: ["C", "libcap", "libseccomp"]), "\(text)")
      #expect(libraries.isSuperset(of: ["OpenSSL", "libyaml"]) == (program == "launcher-net"), "\(text)")
    }

    @Test(arguments: programs) func `-help is asked for and no error`(program: String) throws {
      let (status, text) = try Self.outcome(program, "-help")
      #expect(status == 0)
      #expect(text.contains(program) && text.contains("-server"), "\(text)")
    }

    @Test(arguments: programs) func `a command line that is not understood is status 2 and says why`(program: String)
      throws
    {
      let (status, text) = try Self.outcome(program, "-max-vm", "none")
      #expect(status == 2)
      #expect(text == "\(program): flag -max-vm: \"none\" is not an integer from 1 to 100000; see -help\n")
      #expect(try Self.outcome(program, "-sever=x").status == 2)
      #expect(try Self.outcome(program, "-volumes=rbd:").status == 2)
      #expect(try Self.outcome(program, "-config", "/nonexistent").status == 2)
    }
  }
}
