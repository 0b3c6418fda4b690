import JSON

/// The answer to a request, produced piece by piece as the asker reads it.
protocol Answer: AnyObject {
  func next() -> AnswerStep
}

enum AnswerStep {
  /// One JSON text.
  case item([UInt8])
  /// Nothing at this moment; something may come.
  case waiting
  case done
}

extension ControlRequest {
  func answer(by cluster: Cluster) throws(SendRefusal) -> any Answer {
    switch self {
    case .clients: ListAnswer(cluster.clients.map(\.clientItem))
    case .stats: ListAnswer(cluster.clients.filter { $0.stats != nil || $0.ready != nil }.map(\.statsItem))
    case .instances: ListAnswer(cluster.clients.flatMap(\.instanceItems))
    case .events(let follow): JournalAnswer(cluster.journal, follow: follow)
    case .send(let request): try SendAnswer(request, cluster)
    }
  }
}

private final class ListAnswer: Answer {
  private var items: ArraySlice<JSONValue>

  init(_ items: [JSONValue]) { self.items = items[...] }

  func next() -> AnswerStep { items.popFirst().map { .item($0.serialized()) } ?? .done }
}

/// The journal from its oldest entry on. A follower that reads too slowly is told how much it missed.
private final class JournalAnswer: Answer {
  private let journal: Journal
  private let follow: Bool
  private var place: UInt64
  /// Where an answer ends that does not follow.
  private let end: UInt64

  init(_ journal: Journal, follow: Bool) {
    self.journal = journal
    self.follow = follow
    place = journal.start
    end = journal.end
  }

  func next() -> AnswerStep {
    if !follow, place >= end { return .done }
    switch journal.read(&place) {
    case .entry(let line): return .item(line)
    case .missed(let count):
      let item: JSONValue = ["kind": "missed", "detail": "\(count) entries: read too slowly"]
      return .item(item.serialized())
    case .nothingYet: return .waiting
    }
  }
}

/// What was sent to whom, and the outcome where it is waited for.
private final class SendAnswer: Answer {
  private var sent: JSONValue?
  private let watch: OutcomeWatch?
  private var isDone = false

  init(_ request: SendRequest, _ cluster: Cluster) throws(SendRefusal) {
    let (node, watch) = try cluster.send(request)
    self.watch = watch
    sent = [
      "command": .string(request.command.name), "instance": .string(request.instance),
      "node": .string(node.uuid.description), "payload_bytes": .int(Int64(request.payload.count)),
    ]
  }

  func next() -> AnswerStep {
    if let item = sent {
      sent = nil
      return .item(item.serialized())
    }
    guard let watch, !isDone else { return .done }
    guard let outcome = watch.outcome else { return .waiting }
    isDone = true
    return .item(outcome.serialized())
  }
}
