import AsyncLoop
import Channel
import Glibc
import Glog
import Instances
import JSON
import Linux
import Settings
import Startup

/// The container engine, as its command line tells of it. What it says is parsed within bounds, and whether something is
/// the case is taken from answers, never from the words of an error.
@LoopActor final class ContainerEngine {
  /// Of one container.
  struct State: Equatable {
    let id: ContainerID
    let pid: Int32
    let isRunning: Bool
    /// It was started at least once.
    let hasRun: Bool
    let exitStatus: Int
    let wasKilledForMemory: Bool
    /// Of its network; nil where it has none, or does not run.
    var mac: MACAddress?
  }

  /// Bytes of an answer about one thing, and about all containers.
  private static let answerLimit = 4096
  private static let listLimit = 1_048_576
  private nonisolated static let lineLimits = JSONLimits(bytes: 4096, depth: 4, nodes: 32)
  /// Fetches at once: each uses the network and the disk fully.
  private static let pulls = 4
  /// Stops at once: each does nothing but wait for its container, and nobody is to wait for it.
  private static let stops = 64

  private let spawner: SpawnerClient<ContainerTask>
  private let null: Descriptor
  private let tools: ToolRunner<ContainerTask>
  private let fetching: ToolRunner<ContainerTask>
  private let stopping: ToolRunner<ContainerTask>

  /// - child: the channel to the child that runs the container tool.
  init(_ child: Descriptor, null: Descriptor, _ options: Settings) {
    spawner = SpawnerClient(child) {
      log.fatal("the child that runs containers has ended (\($0)); starting anew", status: Startup.startAgainStatus)
    }
    self.null = null
    tools = ToolRunner(spawner: spawner, null: null, deadline: options.toolDeadline)
    fetching = ToolRunner(spawner: spawner, null: null, deadline: options.pullDeadline, width: Self.pulls)
    stopping = ToolRunner(spawner: spawner, null: null, deadline: options.toolDeadline, width: Self.stops)
  }

  /// Its version; throws when it does not answer.
  func version() async throws -> String {
    VisibleText.decoding(try await tools.output(of: .version, limit: Self.answerLimit).filter { $0 != 0x0a })
  }

  func run(_ task: ContainerTask, longer seconds: Double = 0) async throws(ToolFailure) {
    let runner = if case .stop = task { stopping } else { tools }
    _ = try await runner.output(of: task, limit: Self.answerLimit, longer: seconds)
  }

  /// Sees to it that an image is there.
  func fetch(_ image: ImageReference, for instance: Identifier) async throws {
    if (try? await run(.image(image))) != nil { return }
    let progress = FetchProgress("\(instance): fetching image \(image)")
    defer { progress.end() }
    do {
      _ = try await fetching.output(of: .pull(image), limit: Self.listLimit) { progress.hear($0) }
      log.info("\(instance): image \(image) is there")
    } catch {
      // Where the engine itself does not answer, the image is not to blame.
      do { _ = try await version() } catch let silence {
        throw Unlaunchable(description: "the container engine does not answer: \(silence)")
      }
      guard let words = progress.lastWords else { throw error }
      throw ToolFailure(description: "\(error); before, it said: \(words)")
    }
  }

  /// What is to be known of an instance's container; nil when it has none.
  func inspect(_ instance: Identifier) async throws -> State? {
    do {
      return try Self.state(await tools.output(of: .inspect(instance), limit: Self.answerLimit))
    } catch {
      // The tool's error does not tell a container that is missing from an engine that does not answer; a list does.
      guard try await list().contains(instance) else { return nil }
      throw error
    }
  }

  nonisolated static func state(_ bytes: [UInt8]) throws -> State {
    let json = try JSONValue(parsing: bytes, limits: lineLimits)
    guard let id = json["id"]?.string.flatMap({ ContainerID($0) }), let isRunning = json["running"]?.bool,
      let pid = json["pid"]?.int.flatMap({ Int32(exactly: $0) }), let exit = json["exit"]?.int,
      let status = json["status"]?.string
    else { throw ToolFailure(description: "what the container tool says of a container is not understood") }
    return State(
      id: id, pid: pid, isRunning: isRunning, hasRun: !["created", "configured"].contains(status),
      exitStatus: Int(exit), wasKilledForMemory: json["killed_for_memory"]?.bool ?? false,
      mac: json["mac"]?.string.flatMap { MACAddress($0) })
  }

  /// The instances of all containers of this node.
  func list() async throws -> Set<Identifier> {
    let lines = try await tools.output(of: .list, limit: Self.listLimit)
    return Set(Self.entries(lines).map(\.instance))
  }

  /// The bridges that this node has networks of containers above, in the engine.
  func networks() async throws -> Set<TenantBridge> {
    let lines = try await tools.output(of: .networks, limit: Self.listLimit)
    return Set(
      lines.split(separator: UInt8(ascii: "\n")).compactMap { line in
        let name = (try? JSONValue(parsing: Array(line), limits: Self.lineLimits))?["name"]?.string
        return name.flatMap { TenantBridge($0.suffix(TenantBridge.length)) }
      })
  }

  /// How much each container of this node has written, in 10^6 bytes.
  func sizes() async throws -> [Identifier: Int] {
    let lines = try await tools.output(of: .sizes, limit: Self.listLimit)
    return Dictionary(
      Self.entries(lines).compactMap { entry in
        entry.json["size"]?.string.flatMap(Self.megabytes).map { (entry.instance, $0) }
      }, uniquingKeysWith: { $1 })
  }

  /// The lines that are about instances, with what they say.
  nonisolated static func entries(_ bytes: [UInt8]) -> [(instance: Identifier, json: JSONValue)] {
    bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      guard let json = try? JSONValue(parsing: Array(line), limits: lineLimits),
        let instance = json["instance"]?.string.flatMap({ Identifier($0) })
      else { return nil }
      return (instance, json)
    }
  }

  /// 10^6 bytes, rounded down, of a size as the tool writes it for people: `12.3MB (virtual 14MB)`.
  nonisolated static func megabytes(_ text: String) -> Int? {
    let number = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    let unit = text.dropFirst(number.count).prefix { $0.isASCII && $0.isLetter }
    let factors = ["B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12]
    guard let value = Double(number), value.isFinite, let factor = factors[String(unit)] else { return nil }
    return Int(exactly: (value * factor / 1e6).rounded(.down))
  }

  /// Starts the tool that goes on telling what happens; `onEvent` names the instance.
  func follow(since seconds: UInt64, onEvent: @escaping (Identifier) -> Void) async throws -> Following {
    let output = LastWords(limit: Self.answerLimit) { line in
      for (instance, _) in Self.entries(Array(line.utf8)) { onEvent(instance) }
    }
    let complaints = LastWords(limit: Self.answerLimit)
    do {
      let child = try await spawner.spawn(.events(since: seconds), [null, try output.open(), try complaints.open()])
      return Following(child: child, output: output, complaints: complaints)
    } catch {
      output.finish()
      complaints.finish()
      throw error
    }
  }

  /// The tool that tells of events.
  @LoopActor struct Following {
    fileprivate let child: ChildProcess
    fileprivate let output: LastWords
    fileprivate let complaints: LastWords

    func end() { child.signal(SIGKILL) }

    /// Waits for its end; gives its words.
    func waitForEnd() async -> String {
      _ = await child.waitForEnd()
      output.finish()
      complaints.finish()
      return complaints.text
    }
  }
}
