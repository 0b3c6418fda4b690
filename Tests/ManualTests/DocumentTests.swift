import Foundation
import Settings
import Testing

@testable import launcher
@testable import launcher_audit
@testable import launcherctl

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// Runs a program to its end; what it printed, also on standard error, and its status.
private func run(_ arguments: [String]) throws -> (text: String, status: Int32) {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = arguments
  let output = Pipe()
  process.standardOutput = output
  process.standardError = output
  try process.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (text, process.terminationStatus)
}

/// The files that `make docs` writes say what the programs' own definitions say.
@Test func documentsAreThoseOfTheDefinitions() throws {
  for (form, file) in launcher.Documents.files {
    #expect(
      try String(contentsOf: root.appending(path: file), encoding: .utf8) == launcher.Documents.text(form),
      "\(file) is out of date: make docs")
  }
  for (form, file) in launcherctl.Documents.files {
    #expect(
      try String(contentsOf: root.appending(path: file), encoding: .utf8) == launcherctl.Documents.text(form),
      "\(file) is out of date: make docs")
  }
  for (form, file) in launcher_audit.Documents.files {
    #expect(
      try String(contentsOf: root.appending(path: file), encoding: .utf8) == launcher_audit.Documents.text(form),
      "\(file) is out of date: make docs")
  }
  #expect(launcher.Documents.text("nonsense") == nil)
  #expect(launcherctl.Documents.text("nonsense") == nil)
}

@Test func manualPagesAreWellFormed() throws {
  let folder = root.appending(path: "docs/man")
  let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path)
  #expect(pages.count >= 3)
  let lint = try run(["mandoc", "-T", "lint"] + pages.map { folder.path + "/" + $0 })
  #expect(lint.text == "")
}

/// Each shell takes its file.
@Test(arguments: [
  ("bash", "launcher.bash"), ("bash", "launcherctl.bash"), ("zsh", "_launcher"), ("zsh", "_launcherctl"),
  ("bash", "launcher-audit.bash"), ("zsh", "_launcher-audit"), ("fish", "launcher-audit.fish"),
  ("fish", "launcher.fish"), ("fish", "launcherctl.fish"),
])
func completionsAreWellFormed(shell: String, file: String) throws {
  let result = try run([shell, "-n", root.path + "/docs/completion/" + file])
  #expect(result.text == "")
  #expect(result.status == 0)
}

/// What bash proposes for the last of some words.
private func proposals(_ program: String, _ words: [String]) throws -> Set<String> {
  let script = """
    source '\(root.path)/docs/completion/\(program).bash'
    COMP_WORDS=(\(words.map { "'\($0)'" }.joined(separator: " "))); COMP_CWORD=\(words.count - 1)
    _\(program)
    printf '%s\\n' "${COMPREPLY[@]}"
    """
  return Set(try run(["bash", "-c", script]).text.split(separator: "\n").map(String.init))
}

@Test func bashProposesOptionsAndTheirValues() throws {
  let options = try proposals("launcher", ["launcher", "-log"])
  #expect(options.isSuperset(of: ["-log_dir", "-logtostderr", "-log_max_size"]))
  #expect(!options.contains("-server"))
  #expect(try proposals("launcher", ["launcher", "-network", ""]) == ["none", "cn", "nn"])
  #expect(try proposals("launcher", ["launcher", "--network", "=", "c"]) == ["cn"])
  #expect(try proposals("launcher", ["launcher", "-network", "="]) == ["none", "cn", "nn"])
  // A switch takes its value behind an equals sign alone.
  #expect(try proposals("launcher", ["launcher", "-mem-limit", "=", "t"]) == ["true"])
  #expect(try proposals("launcher", ["launcher", "-mem-limit", "-max"]) == ["-max-vm"])
  #expect(try proposals("launcher", ["launcher", "-server", ""]) == [])
  #expect(try proposals("launcher", ["launcher", "-cacert", "/etc/pass"]).contains("/etc/passwd"))
  #expect(try proposals("launcher", ["launcher", "-state-dir", "/et"]) == ["/etc"])
  // What launcher alone says to its processes is nobody else's.
  #expect(!(try proposals("launcher", ["launcher", "-"]).contains("-net-uid")))
}

@Test func bashProposesCommandsAndTheirOptions() throws {
  let commands = try proposals("launcherctl", ["launcherctl", "st"])
  #expect(commands == ["start", "stop", "stats"])
  #expect(try proposals("launcherctl", ["launcherctl", "start", "-wa"]) == ["-wait"])
  #expect(try proposals("launcherctl", ["launcherctl", "events", "-fo"]) == ["-follow"])
}

/// Every option that a program takes is in each of its documents.
@Test func everyOptionIsInEveryDocument() throws {
  for (_, file) in launcher.Documents.files {
    let text = try String(contentsOf: root.appending(path: file), encoding: .utf8).replacing("\\-", with: "-")
    for flag in Settings.flags(of: .launcher).shown { #expect(text.contains(flag.name), "\(file): \(flag.name)") }
  }
}
