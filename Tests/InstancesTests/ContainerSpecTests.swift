import Instances
import Testing

private let hash = String(repeating: "0a", count: 32)

@Test(arguments: [
  "debian", "debian:12", "a", "library/debian", "a/b/c", "a.b", "a_b", "a__b", "a-b", "a---b", "0", "localhost/a",
  "localhost:5000/a:b", "registry.example/a", "Registry.Example:443/a", "10.0.0.1:5000/a/b", "a:_tag", "a:T.a-g_",
  "a@sha256:\(hash)", "a:tag@sha256:\(hash)", "a@sha256+b64:\(hash)", String(repeating: "a", count: 255),
  "a:" + String(repeating: "t", count: 128), "registry.example/a@sha512:" + hash,
])
func whatDockersGrammarAllowsIsAnImageReference(text: String) {
  #expect(ImageReference(text)?.text == text)
}

@Test(arguments: [
  "", "-a", "--privileged", "-v=/:/host", "a b", "a\n", "a\u{0}", "ä", "A", "a/B", "/a", "a/", "a//b", "a..b", "a.",
  "_a", "a_", "a___b", "a._b", "-", "a-", "a:", "a:-t", "a:.t", "a:t:u", "a:t/b:u", ":t", "@sha256:\(hash)", "a@",
  "a@sha256", "a@sha256:", "a@sha256:00", "a@sha256:" + String(repeating: "g", count: 64), "a@@sha256:\(hash)",
  "a@256:\(hash)", "registry.example:/a", "registry.example:port/a", "-registry.example/a", "registry..example/a",
  "a$b", "a;b", "a'b", "a\"b", "a`b", "$(a)", "a\\b", "[::1]:5000/a", String(repeating: "a", count: 256),
  "a:" + String(repeating: "t", count: 129), hash, "https://registry.example/a", "oci:/etc", "dir:/etc",
])
func whatItDoesNotAllowIsNone(text: String) {
  #expect(ImageReference(text) == nil)
}

@Test(arguments: ["a", "web-1", "web-1.example.org", "0", String(repeating: "h", count: 63)])
func labelsJoinedByDotsAreAHostName(text: String) {
  #expect(HostName(text)?.text == text)
}

@Test(arguments: [
  "", "-a", "a-", "a.", ".a", "a..b", "a b", "a_b", "ä", "--privileged", String(repeating: "h", count: 64),
])
func whatIsNoHostNameIsRefused(text: String) {
  #expect(HostName(text) == nil)
}

@Test func theHostNameOfAnInstanceIsItsUUIDAsFarAsThatGoes() {
  #expect(HostName(Identifier("67d86208-000-4465-9018-fe14087d415f")!).text == "67d86208-000-4465-9018-fe14087d415f")
  let long = HostName(Identifier(String(repeating: "a", count: 61) + "-b-c")!)
  #expect(long.text == String(repeating: "a", count: 61) + "-b")
  #expect(HostName(Identifier(String(repeating: "a", count: 62) + "-b")!).text == String(repeating: "a", count: 62))
}
