/// What the engine says of containers, and what is done to them beside launcher.
extension ContainerHost {
  /// The names of all containers, of which those of `instance` alone where one is given.
  func containers(of instance: String? = nil) throws -> [String] {
    let filter = instance.map { "label=launcher.instance=\($0)" } ?? "label=launcher.node"
    return try docker("ps", "--all", "--format", "{{.Names}}", "--filter", filter).split(separator: "\n").map(
      String.init)
  }

  func running(_ instance: String) throws -> Bool {
    try !docker("ps", "--quiet", "--filter", "label=launcher.instance=\(instance)").isEmpty
  }

  /// Runs busybox in an instance's container.
  func execute(_ instance: String, _ arguments: String...) throws -> String { try execute(instance, arguments) }

  func execute(_ instance: String, _ arguments: [String]) throws -> String {
    guard let name = try containers(of: instance).first else { throw HarnessError("\(instance) has no container") }
    return try ChildProcess.run([Self.docker, "--host", "unix://\(socket)", "exec", name, "/bin/busybox"] + arguments)
  }

  /// The networks that launcher has made.
  func networks() throws -> [String] {
    try docker("network", "ls", "--format", "{{.Name}}", "--filter", "label=launcher.node").split(separator: "\n")
      .map(String.init)
  }

  /// A field of a container, by a template of docker's.
  func inspect(_ instance: String, _ template: String) throws -> String {
    guard let name = try containers(of: instance).first else { throw HarnessError("\(instance) has no container") }
    return try docker("inspect", "--format", template, name).trimmingCharacters(in: .newlines)
  }

  func logs(_ instance: String) throws -> String {
    guard let name = try containers(of: instance).first else { return "" }
    return try docker("logs", name)
  }
}
