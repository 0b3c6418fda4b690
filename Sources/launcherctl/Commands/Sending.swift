import JSON

extension SendRequest {
  /// Has the server send it, and waits for the outcome where that is asked for. `missing` says what was not reported when
  /// none comes.
  func send(by folder: String, within wait: Duration, isJSON: Bool, missing: (JSONValue) -> String) throws -> ExitStatus
  {
    let client = try ControlClient(folder: folder)
    try client.send(.send(self))
    let printer = SendPrinter(isJSON: isJSON)
    guard let sent = try client.next() else { throw ControlClient.endedEarly }
    printer.sent(sent)
    guard waits else { return .success }
    do {
      guard let outcome = try client.next(within: wait) else { throw ControlClient.endedEarly }
      return printer.outcome(outcome)
    } catch is ControlClient.TimedOut {
      Console.complain(
        "launcherctl \(command.payloadKey): timed out: within \(wait) node \(visible(sent["node"])) reported "
          + missing(sent))
      return .timedOut
    }
  }
}

/// What the server answers, for people or scripts.
private struct SendPrinter {
  let isJSON: Bool

  func sent(_ item: JSONValue) {
    if isJSON { return Console.print(item.description) }
    let what = item["instance"]?.string == "" ? "" : " of instance \(visible(item["instance"]))"
    Console.print(
      "sent \(visible(item["command"]))\(what) (\(visible(item["payload_bytes"])) bytes) to node "
        + visible(item["node"]))
  }

  func outcome(_ item: JSONValue) -> ExitStatus {
    let isSuccess = item["success"]?.bool == true
    let whose = item["instance"]?.string == "" ? "node" : "instance \(visible(item["instance"]))"
    let text = "\(whose): \(visible(item["outcome"]))"
    if isJSON {
      Console.print(item.description)
    } else if isSuccess {
      Console.print(text)
    } else {
      Console.complain("\(text), reason \(visible(item["reason"]))")
    }
    return isSuccess ? .success : .failure
  }
}
