import Channel
import Instances
import TestSupport
import Testing

@testable import Spawning

private let instance = Identifier("67d86208-000-4465-9018-fe14087d415f")!
private let name = "launcher-ab12-67d86208-000-4465-9018-fe14087d415f"

/// The arguments behind the connection, as one line; words that have a space in them stand in brackets.
private func line(_ task: ContainerTask) -> String {
  let arguments = ContainerCommandLine(socket: "/run/x.sock", node: Identifier("ab12")!).arguments(for: task)
  // The engine is the one that listens on the socket.
  #expect(arguments.prefix(2) == ["--host", "unix:///run/x.sock"])
  return arguments.dropFirst(2).map { $0.contains(" ") ? "[\($0)]" : $0 }.joined(separator: " ")
}

@Test func theCommandLinesOfOneContainerAreThese() {
  #expect(line(.version) == "version --format {{.Server.Version}}")
  #expect(
    line(.image(ImageReference("registry:5000/a/b:1")!)) == "image inspect --format {{.Id}} -- registry:5000/a/b:1")
  #expect(line(.pull(ImageReference("a:1")!)) == "pull -- a:1")
  #expect(line(.start(instance)) == "start -- \(name)")
  #expect(line(.stop(instance, grace: 10)) == "stop --time 10 -- \(name)")
  #expect(line(.kill(instance)) == "kill -- \(name)")
  #expect(line(.remove(instance)) == "rm --force --volumes -- \(name)")
  #expect(
    line(.inspect(instance)) == "inspect --type container --format [{\"id\":{{json .Id}},"
      + "\"status\":{{json .State.Status}},\"running\":{{json .State.Running}},\"pid\":{{json .State.Pid}},"
      + "\"exit\":{{json .State.ExitCode}},\"killed_for_memory\":{{json .State.OOMKilled}},"
      + "\"mac\":\"{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}\"}] -- \(name)")
}

@Test func listsAreOfThisNodesContainersAlone() {
  let ours = "ps --all --no-trunc --filter label=launcher.node=ab12 --format"
  let sizes = "ps --all --no-trunc --size --filter label=launcher.node=ab12 --format"
  let docker = #"{{json (.Label "launcher.instance")}}"#
  #expect(line(.list) == "\(ours) [{\"instance\":\(docker)}]")
  #expect(line(.sizes) == "\(sizes) [{\"instance\":\(docker),\"size\":{{json .Size}}}]")
}

@Test func eventsAreOfThisNodesContainersAlone() {
  let ours = "events --since 42 --filter type=container --filter label=launcher.node=ab12"
  #expect(
    line(.events(since: 42)) == ours + " --filter event=start --filter event=die --filter event=destroy"
      + " --filter event=died --filter event=remove --format "
      + #"[{"event":{{json .Action}},"instance":{{json (index .Actor.Attributes "launcher.instance")}}}]"#)
}

private let bridge = TenantBridge("lb-0123456789ab")!
private let network = "launcher-ab12-lb-0123456789ab"

@Test func theCommandLinesOfABridgesNetworkAreThese() {
  // The gateway is the subnet's first address, which no instance may have.
  #expect(
    line(.makeNetwork(bridge, IPv4Subnet("192.168.8.0/21")!))
      == "network create --driver macvlan --opt parent=lb-0123456789ab --subnet 192.168.8.0/21 --gateway 192.168.8.1"
      + " --label launcher.node=ab12 -- \(network)")
  #expect(line(.removeNetwork(bridge)) == "network rm -- \(network)")
  #expect(
    line(.networks) == "network ls --filter label=launcher.node=ab12 --format [{\"name\":{{json .Name}}}]")
  #expect(
    line(.connect(instance, bridge, IPv4Address("192.168.8.2")!))
      == "network connect --ip 192.168.8.2 -- \(network) \(name)")
  #expect(line(.disconnect(instance, bridge)) == "network disconnect --force -- \(network) \(name)")
}

/// Of an instance's container up to its network, and from its log on.
private func first(host: String, network: String = "none") -> String {
  """
  create --pull never --name \(name) --label launcher.node=ab12 --label launcher.instance=\(instance) --hostname \(host) \
  --cpus 4 --memory 370m --memory-swap 370m --pids-limit 1024 --restart no --security-opt no-new-privileges \
  --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add FSETID --cap-add KILL \
  --cap-add NET_BIND_SERVICE --cap-add SETGID --cap-add SETUID --network \(network)
  """
}
private let jsonFile = "--log-driver json-file --log-opt max-size=1m --log-opt max-file=2"

private func container(_ container: ContainerSpec, diskMB: Int? = nil) -> InstanceSpec {
  var spec = fullSpec()
  spec.kind = .docker
  spec.image = nil
  spec.network = InstanceNetwork()
  spec.resources.diskMB = diskMB
  spec.container = container
  return spec
}

@Test func aContainerIsMadeOfItsImageAloneWhereNothingElseIsSaid() {
  let spec = container(ContainerSpec(image: ImageReference("busybox:1")!))
  #expect(
    line(.create(spec, on: nil, limitingDisk: true)) == first(host: "\(instance)") + " \(jsonFile) -- busybox:1")
}

@Test func whatAStartSaysOfAContainerIsTakenAsItStands() {
  let spec = container(
    ContainerSpec(
      image: ImageReference("registry.example:5000/a/b@sha256:" + String(repeating: "a", count: 64))!,
      hostName: HostName("web-1.example")!, command: ContainerCommand(["sh", "-c", "echo $x; id", "--privileged"])!),
    diskMB: 8000)
  let image = "-- registry.example:5000/a/b@sha256:\(String(repeating: "a", count: 64))"
  let command = "sh -c [echo $x; id] --privileged"
  #expect(
    line(.create(spec, on: nil, limitingDisk: true)) == first(host: "web-1.example")
      + " \(jsonFile) --storage-opt size=8000000000 \(image) \(command)")
  #expect(
    line(.create(spec, on: nil, limitingDisk: false)) == first(host: "web-1.example")
      + " \(jsonFile) \(image) \(command)")
}

@Test func aContainerOfATenantHasItsPlaceInTheNetworkOfItsBridge() {
  var spec = container(ContainerSpec(image: ImageReference("busybox:1")!))
  spec.network = fullSpec().network
  let place = "\(network) --ip 192.168.8.2 --mac-address 02:00:e6:f5:af:f9"
  #expect(
    line(.create(spec, on: bridge, limitingDisk: true)) == first(host: "\(instance)", network: place)
      + " \(jsonFile) -- busybox:1")
}
