import GoFlags

/// `launcherctl certs`: throw-away certificates in a folder.
enum CertsCommand {
  static let command = Subcommand(
    name: "certs", operands: "DIR", summary: "make a throw-away authority and certificates", run: run)

  private static func run(_ arguments: [String]) throws -> ExitStatus {
    var flags = FlagSet(of: command)
    let hosts = flags.hosts()
    let parsed = try Arguments(arguments, flags: flags, operands: 1)
    let folder = try ServerFolder(making: parsed.operands[0])
    try Certificates.make(in: folder, hosts: parsed.flags[hosts])
    Console.print(Certificates.names.map { "\(folder.path)/\($0)" }.joined(separator: "\n"))
    return .success
  }
}
