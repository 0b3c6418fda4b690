// swift-tools-version: 6.2
import PackageDescription

/// `make` tells which version and commit it builds; a plain `swift build` does not need to know.
let build: [CSetting] = ["LAUNCHER_VERSION", "LAUNCHER_COMMIT"].compactMap { name in
  guard let value = Context.environment[name], !value.isEmpty else { return nil }
  return .define(name, to: "\"\(value)\"")
}

let settings: [SwiftSetting] = [.treatAllWarnings(as: .error)]

func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/Shared/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], fixtures: Bool = false) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: fixtures ? ["Fixtures"] : [], swiftSettings: settings)
}

/// The parsers under libFuzzer, for `make fuzz`, which builds with its run-time; else as unit tests over its corpus.
let parsers: [Target.Dependency] = [
  "Channel", "Gob", "Instances", "JSON", "Linux", "Netlink", "Payloads", "SSNTP", "launcher-vmm",
]
let isFuzzed = Context.environment["LAUNCHER_FUZZ"] != nil
let fuzzing: Target =
  isFuzzed
  ? .executableTarget(
    name: "launcher-fuzz", dependencies: parsers, path: "Tests/Fuzz", exclude: ["Corpus", "Replay"],
    swiftSettings: settings)
  : .testTarget(
    name: "FuzzTests", dependencies: parsers, path: "Tests/Fuzz", exclude: ["Corpus", "Driver"],
    swiftSettings: settings)

/// A process whose parsers are fuzzed: as a library without its main program then.
func process(_ name: String, main: String, _ dependencies: [Target.Dependency]) -> Target {
  isFuzzed
    ? .target(name: name, dependencies: dependencies, exclude: [main], swiftSettings: settings)
    : .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
  name: "launcher",
  targets: [
    .systemLibrary(name: "CCap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
    .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "CShims", cSettings: [.define("_GNU_SOURCE")] + build),
    shared("Linux", ["CShims"]),
    shared("Loop", ["Linux", "CShims"]),
    shared("AsyncLoop", ["Linux", "Loop"]),
    shared("Instances"),
    shared("Rights"),
    shared("Confinement", ["CCap", "CSeccomp", "CShims", "Linux", "Rights"]),
    shared("ServiceManager", ["CShims", "Linux", "Loop"]),
    shared("GoFlags"),
    shared("Glog", ["CShims"]),
    shared("JSON"),
    shared("Gob"),
    shared("Netlink", ["CShims", "Linux"]),
    shared("SSNTP", ["Gob", "Instances"]),
    shared("Payloads", ["CYaml", "Instances"]),
    shared("TLS", ["COpenSSL"]),
    shared("CertificateAuthority", ["COpenSSL", "TLS"]),
    shared("Settings", ["CShims", "Channel", "Confinement", "Glog", "GoFlags", "Instances", "Linux", "Rights"]),
    shared("Manual", ["GoFlags"]),
    shared("Startup", ["CShims", "Linux", "Loop"]),
    shared("Channel", ["CShims", "Instances", "Linux", "Loop"]),
    shared(
      "Networking",
      ["CShims", "Channel", "Confinement", "Glog", "Instances", "Linux", "Loop", "Netlink", "Rights", "Settings"]),
    shared(
      "Spawning",
      ["CShims", "Channel", "Confinement", "Glog", "Instances", "JSON", "Linux", "Loop", "Rights", "Settings"]),
    .executableTarget(
      name: "launcher",
      dependencies: [
        "CShims", "Channel", "Confinement", "Glog", "GoFlags", "Linux", "Loop", "Manual", "Rights", "Settings",
        "Startup",
      ], swiftSettings: settings),
    .executableTarget(
      name: "launcher-net",
      dependencies: [
        "AsyncLoop", "CShims", "Channel", "Confinement", "Glog", "Instances", "Linux", "Loop", "Payloads", "Rights",
        "SSNTP", "ServiceManager", "Settings", "Startup", "TLS",
      ], swiftSettings: settings),
    .executableTarget(
      name: "launcher-audit",
      dependencies: ["CCap", "GoFlags", "JSON", "Linux", "Manual", "Rights", "Settings"], swiftSettings: settings),
    .executableTarget(
      name: "launcher-stats",
      dependencies: [
        "CShims", "Channel", "Confinement", "Glog", "Instances", "Linux", "Loop", "Rights", "ServiceManager",
        "Settings", "Startup",
      ], swiftSettings: settings),
    process(
      "launcher-vmm", main: "LauncherVMM.swift",
      [
        "AsyncLoop", "CShims", "Channel", "Confinement", "Glog", "Instances", "JSON", "Linux", "Loop",
        "Networking", "Rights", "ServiceManager", "Settings", "Spawning", "Startup",
      ]),
    .executableTarget(
      name: "launcherctl",
      dependencies: [
        "CertificateAuthority", "Glog", "GoFlags", "Gob", "Instances", "JSON", "Linux", "Loop", "Manual", "Payloads",
        "SSNTP", "TLS",
      ], swiftSettings: settings),
    tests(
      "LauncherctlTests",
      ["launcherctl", "GoFlags", "Instances", "JSON", "Linux", "Loop", "Payloads", "SSNTP", "TLS"], fixtures: true),
    .target(name: "TestSupport", dependencies: ["Linux"], path: "Tests/TestSupport", swiftSettings: settings),
    tests("InstancesTests", ["Instances"]),
    tests("LinuxTests", ["CShims", "Linux", "TestSupport"]),
    tests("CShimsTests", ["CShims", "Linux", "TestSupport"]),
    tests("LoopTests", ["Linux", "Loop", "TestSupport"]),
    tests("AsyncLoopTests", ["AsyncLoop", "Linux", "Loop", "TestSupport"]),
    tests("ChannelTests", ["CShims", "Channel", "Instances", "Linux", "Loop", "TestSupport"]),
    tests("RightsTests", ["CSeccomp", "Rights"]),
    tests("ConfinementTests", ["CShims", "Confinement", "Linux", "Rights"]),
    tests("StartupTests", ["Linux", "Startup", "TestSupport"]),
    tests("LauncherTests", ["Settings", "launcher"]),
    tests(
      "LauncherNetTests",
      [
        "AsyncLoop", "CertificateAuthority", "Channel", "Instances", "Linux", "SSNTP", "Settings", "TLS", "TestSupport",
        "launcher-net",
      ]),
    tests(
      "LauncherVMMTests",
      [
        "AsyncLoop", "CShims", "Channel", "Instances", "JSON", "Linux", "Loop", "ServiceManager", "Settings",
        "Spawning", "TestSupport", "launcher-vmm",
      ]),
    tests("NetlinkTests", ["Linux", "Netlink"], fixtures: true),
    tests(
      "NetworkTests", ["CProbe", "Channel", "Instances", "Linux", "Netlink", "Networking", "Rights", "TestSupport"]),
    // A manager of the network child's, for tests to tell what to ask.
    .executableTarget(
      name: "network-probe",
      dependencies: ["Channel", "Instances", "Linux", "Loop", "Networking", "Settings"], path: "Tests/NetworkProbe",
      swiftSettings: settings, linkerSettings: [.unsafeFlags(["-static-stdlib"])]),
    .target(name: "CProbe", path: "Tests/CProbe", cSettings: [.define("_GNU_SOURCE")]),
    // Linked statically, so that in a jail it needs no library of Swift's. The tests find it beside their own program.
    .executableTarget(
      name: "rights-probe",
      dependencies: [
        "CProbe", "CShims", "Channel", "Confinement", "Glog", "Instances", "Linux", "Loop", "Rights",
        "Settings", "Spawning",
      ], path: "Tests/RightsProbe", swiftSettings: settings, linkerSettings: [.unsafeFlags(["-static-stdlib"])]),
    // In launcher-net's place, for the tests of launcher-vmm to be attacked by.
    .executableTarget(
      name: "taken-over-net", dependencies: ["CProbe", "CShims", "Channel", "Instances", "Linux"],
      path: "Tests/TakenOverNet", swiftSettings: settings),
    .executableTarget(name: "audit-probe", path: "Tests/AuditProbe"),
    // The codecs of the wire, for their speed to be measured (make bench-codecs).
    .executableTarget(
      name: "codec-probe", dependencies: ["Instances", "Linux", "Payloads", "SSNTP"], path: "Tests/CodecProbe",
      swiftSettings: settings),
    .testTarget(
      name: "RightsAttemptTests", dependencies: ["CProbe"], path: "Tests/Rights", swiftSettings: settings),
    tests("GobTests", ["Gob"]),
    tests("GlogTests", ["Glog"]),
    tests("GoFlagsTests", ["GoFlags"]),
    tests("JSONTests", ["JSON"]),
    tests("ManualTests", ["launcher", "launcher-audit", "launcherctl", "Rights", "Settings"]),
    tests("SettingsTests", ["Settings", "Glog", "GoFlags", "Instances"], fixtures: true),
    tests("ServiceManagerTests", ["Linux", "Loop", "ServiceManager"]),
    tests("SSNTPTests", ["SSNTP", "Gob", "Instances"], fixtures: true),
    tests("PayloadsTests", ["Payloads", "Instances"], fixtures: true),
    tests("ProtocolPageTests", ["Channel", "Gob", "Instances", "Payloads", "SSNTP", "launcher-net"]),
    tests(
      "LauncherStatsTests", ["launcher-stats", "CShims", "Channel", "Instances", "Linux"], fixtures: true),
    tests("TLSTests", ["TLS", "CertificateAuthority"]),
    tests("CertificateAuthorityTests", ["CertificateAuthority", "TLS"]),
    .testTarget(
      name: "IntegrationTests", dependencies: ["Instances", "Rights"], path: "Tests/Integration",
      swiftSettings: settings),
    fuzzing,
  ]
)
