import Foundation
import Testing

extension Integration {
  /// What an operator runs first.
  @Suite struct CheckConfigurationTests {
    /// A folder with certificates, and the options that name it.
    private final class Place {
      let folder: String
      let program: String

      init() throws {
        program = try Surroundings().binaries
        folder = "/tmp/launcher-check-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ChildProcess.run(["\(program)/launcherctl", "certs", "\(folder)/certificates"])
      }

      deinit { try? FileManager.default.removeItem(atPath: folder) }

      /// What is printed, and whether it ended with status 0.
      func check(_ options: [String: String] = [:], through wrapper: [String] = []) -> (text: String, isReady: Bool) {
        let given = [
          "cacert": "\(folder)/certificates/ca.pem", "cert": "\(folder)/certificates/agent.pem",
          "state-dir": "\(folder)/state", "net-user": "61001:61001", "vmm-user": "61002:61002",
          "stats-user": "61003:61003", "qemu-virtualisation": "software",
        ].merging(options) { $1 }
        let arguments = given.map { "-\($0.key)=\($0.value)" } + ["-check-config"]
        do {
          let command = wrapper + ["/usr/bin/env", "-u", "DISPLAY", "\(program)/launcher"] + arguments
          return (try ChildProcess.run(command), true)
        } catch {
          return ("\(error)", false)
        }
      }
    }

    @Test func `everything that a node needs is looked at, and nothing is changed`() throws {
      let place = try Place()
      let (text, isReady) = place.check()
      #expect(isReady, "\(text)")
      for subject in [
        "users", "seccomp", "Landlock", "authority", "certificate", "role", "scheduler", "UUID store",
        "qemu-system-x86_64", "qemu-img", "xorriso", "EFI firmware", "KVM", "images", "instances", "figures",
      ] { #expect(text.contains("  \(subject) "), "\(subject)") }
      #expect(text.contains("the key matches"))
      #expect(text.contains("qemu-img version "))
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder) == ["certificates"])
    }

    @Test func `volumes are looked at where they are on`() throws {
      let place = try Place()
      #expect(!place.check().text.contains("volumes"))
      let missing = place.check(["volumes": "\(place.folder)/volumes"])
      #expect(!missing.isReady && missing.text.contains("make the folder, and give it to user 61002"))
      let ready = place.check(["volumes": "/tmp"])
      #expect(ready.isReady && ready.text.contains("  volumes "), "\(ready.text)")
    }

    @Test func `RBD volumes are looked at where they are on: QEMU's driver, ceph.conf and the key`() throws {
      let place = try Place()
      let ceph = "\(place.folder)/ceph"
      try FileManager.default.createDirectory(atPath: ceph, withIntermediateDirectories: false)
      let made = Node.makeSystemCeph()
      defer { if made { rmdir(Node.systemCeph) } }
      func check(_ more: String = "true") -> (text: String, isReady: Bool) {
        let mount = "mount --bind \(ceph) \(Node.systemCeph) && \(more) && exec \"$@\""
        return place.check(
          ["volumes": "rbd:disks/tenants?id=node1"],
          through: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mount, "sh"])
      }
      let nothing = check()
      #expect(!nothing.isReady && nothing.text.contains("ready    RBD driver"), "\(nothing.text)")
      for words in [
        "missing  ceph.conf", "chmod o+r /etc/ceph/ceph.conf", "missing  Ceph key",
        "(umask 077; ceph auth get-or-create client.node1 mon 'profile rbd' osd 'profile rbd pool=disks "
          + "namespace=tenants' -o /etc/ceph/ceph.client.node1.keyring), and give it to user 61002",
      ] { #expect(nothing.text.contains(words), "\(nothing.text)") }
      let keyring = "\(ceph)/ceph.client.node1.keyring"
      try Data("[global]\n".utf8).write(to: URL(fileURLWithPath: "\(ceph)/ceph.conf"))
      try Data().write(to: URL(fileURLWithPath: keyring))
      chmod(keyring, 0o400)
      let slow = check()
      #expect(!slow.isReady && slow.text.contains("missing  Ceph key"), "\(slow.text)")
      #expect(
        slow.text.contains("limited  ceph.conf") && slow.text.contains("client_mount_timeout = 5"), "\(slow.text)")
      chown(keyring, 61002, 61002)
      try Data("[client]\nclient mount timeout = 5\n".utf8).write(to: URL(fileURLWithPath: "\(ceph)/ceph.conf"))
      let ready = check()
      #expect(ready.isReady && ready.text.contains("ready    ceph.conf"), "\(ready.text)")
      for value in ["inf", "1e30"] {
        try Data("[client]\nclient mount timeout = \(value)\n".utf8).write(
          to: URL(fileURLWithPath: "\(ceph)/ceph.conf"))
        let unreadable = check()
        #expect(
          unreadable.isReady && unreadable.text.contains("limited  ceph.conf")
            && unreadable.text.contains("'\(value)'"),
          "\(unreadable.text)")
      }
      chmod(keyring, 0o644)
      let open = check()
      #expect(open.isReady && open.text.contains("limited  Ceph key"), "\(open.text)")
      #expect(open.text.contains("give it to user 61002, and chmod 400 it"), "\(open.text)")
      chmod(keyring, 0o400)
      let elsewhere = "\(place.folder)/elsewhere"
      for (name, subject) in [("ceph.conf", "ceph.conf"), ("ceph.client.node1.keyring", "Ceph key")] {
        rename("\(ceph)/\(name)", elsewhere)
        symlink(elsewhere, "\(ceph)/\(name)")
        let link = check()
        #expect(!link.isReady && link.text.contains("missing  \(subject)"), "\(link.text)")
        #expect(link.text.contains("put the file itself into /etc/ceph"), "\(link.text)")
        rename(elsewhere, "\(ceph)/\(name)")
      }
      let driver = check("for modules in /usr/lib/*/qemu; do mount -t tmpfs none $modules; done")
      #expect(!driver.isReady && driver.text.contains("apt-get install qemu-block-extra"), "\(driver.text)")
    }

    @Test func `containers are looked at where they are on`() async throws {
      let place = try Place()
      #expect(!place.check().text.contains("container"))
      try await ContainerHost.run { host in
        let (text, isReady) = place.check(host.arguments)
        #expect(isReady, "\(text)")
        for finding in [
          #"ready +container tool +/usr/bin/docker: Docker version [0-9.]+"#,
          "ready +container group +\(ContainerHost.group)\n",
          #"ready +container engine +version [0-9.]+[^ ]* at \#(host.socket)\n"#,
        ] { #expect(text.range(of: finding, options: .regularExpression) != nil, "\(text)") }
        let page = try ContainerPageTests.page()
        let rows = text.matches(of: /(?m)^ *[a-z]+ +(container [a-z]+)\s/).map(\.1)
        #expect(rows.count == 3)
        for row in rows { #expect(page.contains("| \(row) | "), "docs/CONTAINERS.md: \(row)") }
        // Nobody listens there.
        let nobody = "\(host.folder)/nobody.sock"
        #expect(FileManager.default.createFile(atPath: nobody, contents: nil, attributes: [.posixPermissions: 0o666]))
        let cases: [([String: String], String)] = [
          (["container-tool": "/nonexistent"], "missing  container tool "),
          (["container-group": "nobody-of-this-name"], "missing  container group "),
          (["container-group": "\(ContainerHost.group + 1)"], "may not use \(host.socket)"),
          (["container-socket": "/nonexistent"], "no socket /nonexistent"),
          (["container-socket": nobody], "at \(nobody) no engine answers"),
        ]
        for (options, finding) in cases {
          let (text, isReady) = place.check(host.arguments.merging(options) { $1 })
          #expect(!isReady && text.contains(finding), "\(text)")
        }
      }
    }

    @Test func `a node without the interfaces that -network needs does not start, and says what is missing`() throws {
      let place = try Place()
      for program in ["launcher-net", "launcher-vmm"] {
        do {
          try ChildProcess.run(
            ["\(place.program)/\(program)", "-network=cn", "-compute-net=240.0.0.0/4", "-logtostderr"])
          Issue.record("\(program) started")
        } catch {
          #expect(
            "\(error)".contains("no Ethernet interface that is up has an IPv4 address in 240.0.0.0/4"), "\(error)")
          #expect("\(error)".contains("with -compute-net"), "\(error)")
        }
      }
    }

    @Test func `what is missing is told with its remedy, and the exit status is 1`() throws {
      let place = try Place()
      let cases: [([String: String], String, String)] = [
        (["cert": "/nonexistent"], "missing  certificate", "name another one with -cert"),
        (["cert": "\(place.folder)/certificates/server.pem"], "missing  role", "have a certificate made"),
        (["cert": "\(place.folder)/certificates/ca.pem"], "missing  certificate", "made anew as a pair"),
        (["with-ui": "window"], "missing  -with-ui=window", "-with-ui=spice"),
        (["vmm-user": "nobody-of-this-name"], "missing  users", "create-users"),
        (["metrics": "\(place.folder)/certificates"], "missing  metrics", "give the folder to user 61003"),
        (["network": "nn"], "missing  role", "have a certificate made"),
        // Class E: no interface has such an address.
        (["network": "cn", "compute-net": "240.0.0.0/4"], "missing  compute network", "with -compute-net"),
        (["network": "cn", "mgmt-net": "240.0.0.0/4"], "missing  management network", "with -mgmt-net"),
      ]
      for (options, finding, remedy) in cases {
        let (text, isReady) = place.check(options)
        #expect(!isReady)
        #expect(text.contains(finding), "\(text)")
        #expect(text.contains(remedy), "\(text)")
        #expect(text.contains("The node is not ready: 1 of "), "\(text)")
      }
    }
  }
}
