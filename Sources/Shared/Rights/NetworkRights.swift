extension ProcessRights {
  /// The child of launcher-vmm that makes bridges, tunnels and taps: the one process of launcher with CAP_NET_ADMIN.
  /// Its netlink sockets are made, and connected to the kernel, before it is confined.
  public static let network = ProcessRights(
    name: "launcher-vmm (network)",
    capabilities: ["cap_net_admin"],
    securebits: .all,
    limits: [
      noCore, noFork,
      limit(.openFiles, 65_536, because: "a few; " + moreThanMachines),
    ],
    landlock: .own(
      files: allow([.readFile, .writeFile, .controlDevice], .path("/dev/net/tun"), because: "taps")),
    seccomp: SeccompPolicy(
      kind: .allowList,
      rules: commonRules + [
        rule("openat", when: [argument(2, is: oReadWriteCloseOnExec)], because: "devices of taps"),
        rule("ioctl", when: [argument(1, is: tunSetInterface)], because: "which tap a device is"),
        rule("ioctl", when: [argument(1, is: tunSetOwner)], because: "taps are opened by nobody else"),
        rule("ioctl", when: [argument(1, is: tunSetPersistent)], because: "taps outlive machines and launchers"),
        rule("ioctl", when: [argument(1, is: tunGetInterface)], because: "which macvtap a device is"),
      ]),
    libraries: manager.libraries)

  /// The same on a network node. The kernel names the devices of macvtap interfaces as they come (`/dev/tap5`), so no
  /// rule can name one; which of the devices in /dev this user may open, their owners say, and udev gives it these.
  public var forMacvtaps: ProcessRights {
    var rights = self
    if case .domain(var policy) = landlock {
      policy.files += allow([.readFile, .writeFile, .controlDevice], .path("/dev"), because: "devices of macvtaps")
      rights.landlock = .domain(policy)
    }
    return rights
  }
}
