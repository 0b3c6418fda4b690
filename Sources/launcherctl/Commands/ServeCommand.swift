import Glibc
import Glog
import GoFlags
import Instances
import Linux
import Loop

/// `launcherctl serve`: the server, until SIGINT or SIGTERM.
enum ServeCommand {
  static let command = Subcommand(
    name: "serve", operands: "", summary: "be an SSNTP server on the loopback interface", run: run)

  private static func run(_ arguments: [String]) throws -> ExitStatus {
    var flags = FlagSet(of: command)
    let directory = flags.folder()
    let address = flags.value(
      "listen", "ADDRESS:PORT", default: LoopbackAddress.standard, defaultText: "\(LoopbackAddress.standard)",
      allowed: "a loopback address with a port, such as 127.0.0.1:8888 or [::1]:0 (this server is for one machine)",
      note: "port 0: a free one", group: "Server", help: "where to listen, on this machine's loopback interface only"
    ) { LoopbackAddress($0) }
    let hosts = flags.hosts()
    let dialect = flags.choice(
      "ssntp-dialect", "YEAR", default: SSNTPDialect.v2016, group: "Server",
      help: "numbers of commands and errors; launchers need the same")
    let verbose = flags.bool("v", group: "Output", help: "log what happens on standard error")
    let parsed = try Arguments(arguments, flags: flags, operands: 0).flags

    log.configure(LogSettings(verbosity: parsed[verbose] ? Server.verbosity : 0))
    let folder = try ServerFolder(making: parsed[directory])
    try folder.lock()
    if Certificates.existing(in: folder).isEmpty {
      let wanted = parsed[hosts]
      let own = parsed[address].hostText
      try Certificates.make(in: folder, hosts: wanted.contains(own) ? wanted : wanted + [own])
    } else if parsed.isSet(hosts) {
      throw UsageError(
        description: "-hosts is for new certificates, but \(folder.path) has certificates; remove them or the flag")
    }
    return try serve(in: folder, at: parsed[address], parsed[dialect])
  }

  private static func serve(in folder: ServerFolder, at address: LoopbackAddress, _ dialect: SSNTPDialect) throws
    -> ExitStatus
  {
    let loop = try EventLoop()
    let signals = try Signals.descriptor(for: [SIGINT, SIGTERM])
    let context = try Certificates.serverContext(in: folder)
    let control = try ControlListener.open(in: folder)
    defer { try? Files.remove(ServerFolder.controlName, in: folder.descriptor) }
    let server = try Server(address: address, context: context, control: control, loop: loop, dialect: dialect)
    loop.onReadable(signals.raw) {
      guard (try? Signals.next(signals)) != nil else { return }
      loop.stop()
    }
    Console.print(
      """
      SSNTP server \(server.uuid) listens on \(server.address), control socket \(folder.control)
      a launcher connects with:
        launcher -server \(server.address) -cacert \(folder.path)/\(Certificates.authorityName) \
      -cert \(folder.path)/\(Certificates.agentName)\(dialect == .v2016 ? "" : " -ssntp-dialect=\(dialect.rawValue)")
      """)
    loop.run()
    server.close()
    return .success
  }
}
