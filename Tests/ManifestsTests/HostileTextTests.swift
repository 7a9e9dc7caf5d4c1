import Manifests
import Notation
import Testing

/// Text that no manifest needs, and that must neither trap nor take long.
@Suite struct HostileTextTests {
    @Test(arguments: [
        ("a: &x 1\n", "p/x.yaml:1:4: an anchor (&); expected the value itself"),
        (
            "a: 1\nb: [c, *x]\n",
            "p/x.yaml:2:8: an alias (*); expected the value itself; in quotes, if it begins with a *"
        ),
        ("a: !!int 1\n", "p/x.yaml:1:4: a tag (!); expected a value without a tag; in quotes, if it begins with a !"),
        ("<<: {a: 1}\n", "p/x.yaml:1:1: a merge key (<<); expected the keys themselves"),
        ("%YAML 1.1\n---\na: 1\n", "p/x.yaml:1:1: a directive (%); expected key: value"),
        ("a: |\n  text\n", "p/x.yaml:1:4: a text block (|); expected the value on one line"),
        ("? a\n: b\n", "p/x.yaml:1:1: a complex key (?); expected key: value"),
        ("[a]: b\n", "p/x.yaml:1:1: a list or mapping as a key; expected a plain key"),
        ("a: b\n---\nc: d\n", "p/x.yaml:2:1: a second document; expected one document"),
        ("a: \"b\n c\"\n", "p/x.yaml:1:4: a quoted text does not end on its line; expected a closing \""),
        (
            "a: b\n  c: d\n",
            "p/x.yaml:2:3: the value of the line above seems to go on here; expected key: value, at the same indentation as its neighbours"
        ),
        (
            "a: [b\n  c]\n",
            "p/x.yaml:2:3: the value of the line above seems to go on here; expected a comma between two values"
        ),
        ("a:\tb\n", "p/x.yaml:1:3: a tab; expected spaces"),
        ("a: \u{7}\n", "p/x.yaml:1:4: a control character; expected text"),
        ("a: b\u{2028}c: d\n", "p/x.yaml:1:5: a Unicode line separator; expected a line feed"),
        ("", "p/x.yaml:1:1: nothing but comments and blanks; expected a mapping"),
        ("# nothing\n\n", "p/x.yaml:1:1: nothing but comments and blanks; expected a mapping"),
        (
            "- a\n",
            "p/x.yaml:1:1: a list; expected a mapping with the keys name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress and speculate"
        ),
        (
            "a: [b\n",
            "p/x.yaml:2:1: not YAML: did not find expected ',' or ']' while parsing a flow sequence (line 1); expected a comma, or the closing bracket"
        ),
        (
            "a: b: c\n",
            "p/x.yaml:1:5: not YAML: mapping values are not allowed in this context; expected one key: value per line"
        ),
        (
            "a: @b\n",
            "p/x.yaml:1:4: not YAML: found character that cannot start any token while scanning for the next token (line 1); expected a value; in quotes, if it begins like this"
        ),
    ]) func `is refused`(_ yaml: String, _ message: String) {
        #expect(Pipelines.message(yaml) == message)
    }

    @Test func `a bomb of aliases is refused at its first anchor`() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            bomb += "a\(level): &a\(level) [\((0..<9).map { _ in alias }.joined(separator: ", "))]\n"
        }
        #expect(Pipelines.message(bomb) == "p/x.yaml:1:5: an anchor (&); expected the value itself")
    }

    /// Where a sloppy look would take the anchor for part of a text or of a quotation.
    @Test(arguments: [
        "[a\n 'b, &x c']", "text: foo\n  [bar\n- &a x", "- 'it''s' \n- &a x", "- \"\\\"\" \n- &a x", "--- &a x",
        "\u{FEFF}&a x",
        "{a: 1,&a b: 2}", "[a]: &a b", "{\"a\":&a b}", "- - &a b", "a: #'\n - &a b", "[#'\n &a b]",
        "'a':   &a b", "a: b'\nc: &a d'", "[a,\n&b c]",
    ]) func `no anchor hides`(_ yaml: String) {
        let message = Pipelines.message(yaml)
        #expect(message.contains("anchor") || message.contains("seems to go on") || message.contains("not YAML"))
    }

    @Test(arguments: ["a: b & c\n", "a: 'b &c'\n", "a: b # &c\n", "'&a': *\n", "type: .*&!\n"])
    func `an ampersand inside a text is no anchor`(_ yaml: String) {
        #expect(!Pipelines.message(yaml).contains("anchor"))
    }

    @Test func `a byte order mark is passed over at the start and refused elsewhere`() {
        #expect(Pipelines.message("\u{FEFF}" + Pipelines.yaml()) == "(no error)")
        #expect(Pipelines.message("a:\n\u{FEFF}&a b") == "p/x.yaml:2:1: a byte order mark; expected text")
    }

    @Test func `depth 32 is read and depth 33 is not`() {
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            func nested(_ depth: Int) -> String {
                "zebra: " + String(repeating: open, count: depth) + String(repeating: close, count: depth)
            }
            #expect(Pipelines.message(nested(31)).contains("unknown key \"zebra\""))
            #expect(Pipelines.message(nested(32)).contains("more than 32 lists and mappings inside one another"))
        }
    }

    @Test(arguments: ["[", "{", "- ", "{a: ", "? ", "[{a: ", "--- - ", "a: [", "- - a: "])
    func `half a megabyte of nesting is refused`(_ opening: String) {
        let yaml = String(repeating: opening, count: (1 << 19) / opening.utf8.count)
        #expect(Pipelines.message(yaml).hasPrefix("p/x.yaml:1:"))
    }

    @Test func `indentation that goes ever deeper is refused`() {
        let yaml = (0..<900).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(Pipelines.message(yaml).contains("more than 32 lists and mappings inside one another"))
    }

    @Test func `a mebibyte is read and a byte more is not`() {
        let text = Pipelines.yaml()
        let filled = text + "#" + String(repeating: " ", count: (1 << 20) - text.utf8.count - 1)
        #expect(Pipelines.message(filled) == "(no error)")
        #expect(Pipelines.message(filled + " ").contains("expected a manifest of at most 1048576 bytes"))
    }

    @Test func `a hundred thousand keys are refused, not compared one by one`() {
        let keys = (0..<100_000).map { "k\($0):" }.joined(separator: "\n")
        #expect(Pipelines.message(keys).contains("unknown key \"k0\""))
    }

    @Test func `a message spells out what a terminal would act on, wherever it was quoted from`() {
        let error = ManifestError(
            at: Mark(file: "a\u{1B}[2J.json", line: 1, column: 2), found: "lora_dr\u{7F}opout is 0.0", expected: "null")
        #expect(error.description == "a\\u{1b}[2J.json:1:2: lora_dr\\u{7f}opout is 0.0; expected null")
    }
}
