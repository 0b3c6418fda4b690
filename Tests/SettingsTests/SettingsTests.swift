import Foundation
import Glog
import GoFlags
import Instances
import Testing

@testable import Settings

private func settings(_ arguments: String..., program: LauncherProgram = .launcher) throws(FlagError) -> Settings {
  try Settings(program, arguments)
}

private func message(_ program: LauncherProgram = .launcher, _ arguments: String...) -> String {
  do throws(FlagError) {
    _ = try Settings(program, arguments)
    return "accepted"
  } catch { return error.description }
}

@Test func documentedDefaultsHold() throws {
  let settings = try settings()
  #expect(settings.servers == [ServerAddress(host: "localhost", port: 8888)])
  #expect(settings.authorities == "/etc/pki/ciao/CAcert-server-localhost.pem")
  #expect(settings.certificate == "/etc/pki/ciao/cert-client-localhost.pem")
  #expect(settings.maximumInstances == 32)
  #expect(settings.network == .none)
  #expect(settings.console == ConsoleKind.none)
  #expect(settings.statsInterval == 30)
  #expect(settings.stopGrace == 10)
  #expect(!settings.limitsMemory && !settings.limitsDisk && !settings.rejectsWhenFull)
  #expect(settings.metricsFolder.isEmpty)
  #expect(settings.log.folder == "/var/lib/ciao/logs")
  #expect(!settings.log.toStandardError)
  #expect(settings.log.threshold == .error)
  #expect(settings.arguments.isEmpty)
}

@Test func documentedOptionsAreKnownInGosManner() throws {
  let names = [
    "alsologtostderr", "cacert", "cert", "compute-net", "log_backtrace_at", "log_dir", "logtostderr", "max-vm",
    "mgmt-net", "network", "server", "stderrthreshold", "v", "vmodule", "with-ui",
  ]
  #expect(Set(Settings.flags(of: .launcher).shown.map(\.name)).isSuperset(of: names))
  for arguments in [["-server", "a:1"], ["-server=a:1"], ["--server", "a:1"], ["--server=a:1"]] {
    #expect(try Settings(.launcher, arguments).servers == [ServerAddress(host: "a", port: 1)])
  }
  #expect(try settings("-logtostderr=true").log.toStandardError)
  #expect(try !settings("-logtostderr=false").log.toStandardError)
}

@Test(arguments: [
  ("h", ["h:8888"]), ("h:1,[::1]:2", ["h:1", "[::1]:2"]), ("https://h:5/x", ["h:5"]), ("::1", ["[::1]:8888"]),
])
func serversAreHostsAddressesOrURLs(text: String, servers: [String]) throws {
  #expect(try settings("-server", text).servers.map(\.description) == servers)
}

@Test func consolesAreASwitchOrAKind() throws {
  for (argument, kind) in [
    ("-with-ui", ConsoleKind.window), ("-with-ui=true", .window), ("-with-ui=false", .none), ("-with-ui=nc", .nc),
    ("-with-ui=spice", .spice), ("-with-ui=none", .none),
  ] { #expect(try settings(argument).console == kind) }
}

@Test func tenantsNetworksAreChosen() throws {
  let defaults = try settings()
  #expect(defaults.network == .none && defaults.tunnel == .gre && defaults.preventsSpoofing)
  let chosen = try settings("-network=nn", "-tunnel", "vxlan", "-anti-spoof=false")
  #expect(chosen.network == .nn && chosen.tunnel == .vxlan && !chosen.preventsSpoofing)
  #expect(message(.launcher, "-network=router").hasPrefix(#"flag -network: "router" is not one of none, cn, nn"#))
  #expect(message(.launcher, "-tunnel=ipip").hasPrefix(#"flag -tunnel: "ipip" is not one of gre, vxlan"#))
}

@Test func subnetsAreLists() throws {
  #expect(
    try settings("-compute-net=10.0.0.0/8,192.168.0.0/16").computeNetworks.map(\.description)
      == ["10.0.0.0/8", "192.168.0.0/16"])
  #expect(message(.launcher, "-mgmt-net=x").hasPrefix(#"flag -mgmt-net: "x" is not subnets"#))
}

/// A folder for one test's configuration file.
private final class Configuration {
  let path: String

  init(_ text: String) throws {
    path = "/tmp/launcher-settings-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).conf"
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  deinit { unlink(path) }
}

@Test func theConfigurationFileSaysWhatTheCommandLineDoesNot() throws {
  let file = try Configuration("# a node\n\nserver = a:1 \n\tmax-vm=5\r\nlogtostderr = true\nvmodule = QMP*=3\n")
  let read = try settings("-max-vm", "7", "-config", file.path)
  #expect(read.servers == [ServerAddress(host: "a", port: 1)])
  #expect(read.maximumInstances == 7)
  #expect(read.log.toStandardError)
  #expect(read.arguments == ["-logtostderr=true", "-max-vm=7", "-server=a:1", "-vmodule=QMP*=3"])
}

/// The file that the units name: what it sets and what it offers in comments are the documented defaults.
@Test func theShippedConfigurationHoldsTheDefaults() throws {
  let shipped = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../systemd/launcher.conf")
  let text = try String(contentsOf: shipped, encoding: .utf8)
  // A comment of prose has a space behind its sign, an option that is switched off has none.
  let lines = text.split(separator: "\n").map { $0.hasPrefix("#") && !$0.hasPrefix("# ") ? $0.dropFirst() : $0 }
  let file = try Configuration(lines.joined(separator: "\n"))
  let defaults = try settings()
  for program in LauncherProgram.allCases {
    let read = try Settings(program, ["-config", file.path])
    #expect(read.servers == defaults.servers)
    #expect(read.maximumInstances == defaults.maximumInstances)
    #expect(read.stopGrace == defaults.stopGrace)
    #expect(read.statsInterval == defaults.statsInterval)
    #expect(read.arguments.count == 4)
  }
}

@Test(arguments: [
  ("sever = a", "1: unknown flag \"-sever\", did you mean -server? see -help"),
  ("\nmax-vm = 0", "2: flag -max-vm: \"0\" is not an integer from 1 to 100000; see -help"),
  ("server", "1: \"server\" is not a line of the form name = value"),
  ("= a", "1: \"= a\" is not a line of the form name = value"),
  ("max-vm = 1\nmax-vm = 2", "2: \"max-vm for the second time\" is not a line of the form name = value"),
  ("user = 1:1", "1: unknown flag \"-user\"; see -help"),
])
func aWrongConfigurationIsToldWithItsLine(text: String, error: String) throws {
  let file = try Configuration(text)
  #expect(message(.stats, "-config", file.path) == "\(file.path):\(error)")
}

@Test func aConfigurationThatCannotBeReadIsNamed() {
  #expect(message(.launcher, "-config", "/nonexistent").contains("No such file"))
  #expect(message(.launcher, "-config", "/dev/zero").contains("larger than"))
}

@Test func theProcessesTakeWhatLauncherHandsThem() throws {
  let front = try settings(
    "-server", "a:1", "-max-vm=3", "-net-user=1:1", "-check-config", "-with-ui=nc", "-log_max_size=1M", "-mem-limit")
  #expect(front.arguments == ["-log_max_size=1M", "-max-vm=3", "-mem-limit=true", "-server=a:1", "-with-ui=nc"])
  for program in [LauncherProgram.net, .vmm, .stats] {
    let process = try Settings(program, front.arguments + ["-user=61001:61001:7"])
    #expect(process.servers == front.servers)
    #expect(process.limitsMemory)
    #expect(process.user?.description == "61001:61001:7")
  }
  #expect(message(.launcher, "-user=1:1").hasPrefix("unknown flag \"-user\""))
}

@Test func theLeastIntervalOfStatisticsIsATenthOfASecond() throws {
  #expect(try settings("-stats-interval", "100ms").statsInterval == 0.1)
  #expect(message(.launcher, "-stats-interval", "99ms").contains("flag -stats-interval"))
}

@Test func anArgumentThatIsNoOptionIsRefused() {
  #expect(message(.launcher, "now").hasPrefix("\"now\" is not a flag"))
}

@Test func aConsoleThatTheNodeCannotGiveIsRefusedWithARemedy() {
  #expect(ConsoleKind.none.obstacle { _ in false } == nil)
  #expect(ConsoleKind.nc.obstacle { _ in false } == nil)
  let folder = "/usr/lib/x86_64-linux-gnu/qemu"
  #expect(ConsoleKind.spice.obstacle { $0 == folder }?.remedy == "apt-get install qemu-system-common")
  #expect(ConsoleKind.spice.obstacle { $0 == folder || $0 == "\(folder)/ui-spice-core.so" } == nil)
  // A QEMU without modules has it built in, or says itself that it has it not.
  #expect(ConsoleKind.spice.obstacle { _ in false } == nil)
}

@Test func windowsTakeADisplayOfThisNodeAndQEMUsModule() {
  let (folder, socket) = ("/usr/lib/x86_64-linux-gnu/qemu", "/tmp/.X11-unix/X7")
  func obstacle(_ display: String?, _ files: String...) -> ConsoleKind.Obstacle? {
    ConsoleKind.window.obstacle(display: display) { files.contains($0) }
  }
  #expect(obstacle(nil, folder, socket)?.reason == "there is no display: DISPLAY is not set")
  #expect(obstacle(nil, folder, socket)?.remedy.hasSuffix("-with-ui=spice") ?? false)
  #expect(obstacle(":7", folder)?.reason == "there is no display :7: nobody has made \(socket)")
  #expect(
    obstacle("there:7", folder, socket)?.reason.hasPrefix("DISPLAY=there:7 is no X display of this node") ?? false)
  #expect(obstacle(":7.0", folder, socket)?.remedy == "apt-get install qemu-system-gui")
  #expect(obstacle(":7.0", folder, socket, "\(folder)/ui-gtk.so") == nil)
  // A QEMU without modules has it built in, or says itself that it has it not.
  #expect(obstacle(":7", socket) == nil)
}

@Test(arguments: ["", "7", ":", ":7.", ":7.0.0", ":-7", ":7/../x", ":123456", "unix:7", "here:7", ":٧"])
func whatIsNoDisplayOfThisNodeIsNone(text: String) {
  #expect(Display(text) == nil)
}

@Test func sizesHaveUnits() throws {
  #expect(try settings("-log_max_size=100K").log.maximumFile == 102_400)
  #expect(try settings("-log_max_total=2G").log.maximumTotal == 2 << 30)
  for text in ["", "K", "1T", "-1M", "63K", "1.5M", "99999999999999999999G"] {
    #expect(message(.launcher, "-log_max_size=" + text).contains("is not a size such as 16M"))
  }
}

@Test func aLogFolderOfItsOwnReplacesTheOneInTheStateFolder() throws {
  #expect(try settings("-state-dir=/s").log.folder == "/s/logs")
  #expect(try settings("-state-dir=/s", "-log_dir=/l").log.folder == "/l")
}

/// -help is what an operator reads: one screen.
@Test func volumesAreInAFolderOrInAPool() throws {
  #expect(try settings().volumes == .none)
  #expect(try settings("-volumes=/v").volumes == .folder("/v"))
  let cases: [(String, String, String?, String)] = [
    ("rbd:a", "a", nil, "launcher"), ("rbd:a/b", "a", "b", "launcher"), ("rbd:a?id=c", "a", nil, "c"),
    ("rbd:a.1/b_2?id=c-3.d", "a.1", "b_2", "c-3.d"),
  ]
  for (text, name, namespace, user) in cases {
    let volumes = try settings("-volumes=\(text)").volumes
    let pool = try #require(volumes.pool)
    #expect(volumes.isOn && volumes.folder == nil)
    #expect(pool.pool == name && pool.namespace == namespace && pool.user == user, "\(text)")
    #expect(pool.keyring == "/etc/ceph/ceph.client.\(user).keyring")
    #expect("\(pool)" == text.prefix { $0 != "?" })
  }
}

@Test(arguments: [
  "v", "rbd", "rbd:", "rbd:a/", "rbd:/b", "rbd:a/b/c", "rbd:.a", "rbd:-a", "rbd:a b", "rbd:a,b", "rbd:a@b", "rbd:a?id=",
  "rbd:a?id=..", "rbd:a?id=b/c", "rbd:a?id=b?id=c", "rbd:a?user=b", "rbd:ä",
  "rbd:" + String(repeating: "a", count: 129),
])
func otherVolumesAreRefused(text: String) {
  let message = message(.vmm, "-volumes=\(text)")
  #expect(message.contains("-volumes") && message.contains("rbd:POOL[/NAMESPACE][?id=USER]"), "\(message)")
}

@Test func helpFitsAScreen() {
  for program in LauncherProgram.allCases {
    let lines = Settings.flags(of: program).helpText.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 60)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(!lines.contains { $0.contains("net-uid") })
  }
}

@Test func helpIsTheGoldenOne() throws {
  let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/launcher.help")
  #expect(Settings.flags(of: .launcher).helpText == (try String(contentsOf: file, encoding: .utf8)))
}
