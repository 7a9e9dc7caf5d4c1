import Testing
import Tokenizers

@Suite struct JinjaPiecesTests {
    struct Pieces: Decodable {
        struct Piece: Decodable {
            var template: String
            /// nil where Jinja2 fails.
            var text: String?
        }
        var tokens: [String: String]
        var time: Int
        var pieces: [Piece]
    }

    private func render(_ text: String, time: Int = 0) throws(TokenizerError) -> String {
        var template = try ChatTemplate(text, path: "t.jinja")
        template.limits = JinjaLimits(steps: 20_000, made: 8 << 20)
        return try template.text(of: [], addsGenerationPrompt: true, time: time)
    }

    private func message(_ text: String) -> String {
        do {
            return "no error: \(try render(text))"
        } catch {
            return "\(error)"
        }
    }

    @Test func `Each piece means what it means to Jinja2`() throws {
        let fixture = try Fixture.json("Chat/pieces.json", as: Pieces.self)
        #expect(fixture.pieces.count > 80)
        for piece in fixture.pieces {
            let got = try? ChatTemplate(piece.template, path: "t.jinja", specialTokens: fixture.tokens)
                .text(of: [], addsGenerationPrompt: true, time: fixture.time)
            #expect(got.map { Array($0.utf8) } == piece.text.map { Array($0.utf8) }, "\(piece.template)")
        }
    }

    @Test func `What is not built in is named, with its line and what to do`() {
        #expect(
            message("a\n{% include 'x' %}")
                == "t.jinja: chat template, line 2: the tag {% include %} is not supported; expected what chat templates use; "
                + "give another template, a file or one of chatml, gemma, glm-4, llama-2, llama-3, mistral-v1, mistral-v3"
        )
        #expect(message("{{ 1 | groupby('x') }}").contains("the filter groupby is not supported"))
        #expect(message("{{ 1 is filter }}").contains("the test filter is not supported"))
        #expect(message("{{ '%s' % 1 }}").contains("formatting with % is not supported"))
        #expect(message("{% for x in [] recursive %}{% endfor %}").contains("a recursive loop is not supported"))
        #expect(message("{{ f(**x) }}").contains("arguments out of a dictionary is not supported"))
    }

    @Test func `What is no template says what was expected where`() {
        #expect(
            message("a\n\n{% if x %}") == "t.jinja: chat template, line 3: expected elif or else or endif, got the end")
        #expect(message("{{ 1 +") == "t.jinja: chat template, line 1: expected }}, got the end")
        #expect(message("{{ 1 + }}").contains("expected an expression, got }}"))
        #expect(message("{{ (1] }}").contains("expected matching brackets, got ]"))
        #expect(message("{{ 'a }}").contains("expected ', got the end"))
        #expect(message("{% endfor %}").contains("the tag {% endfor %} is not supported"))
        #expect(message("{{ 99999999999999999999 }}").contains("a number below 2⁶³"))
        #expect(message("{# a").contains("expected #}, got the end"))
        #expect(message("{{ missing.x }}").contains("'missing', which is undefined"))
    }

    @Test func `Work without end ends in an error`() {
        let loop = "{% for i in range(99999) %}"
        #expect(message(loop + loop + "{% endfor %}{% endfor %}").contains("got more than 20000 steps"))
        #expect(
            message("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}").contains("got more than 200 levels of nesting"))
        #expect(message("{{ 'aaaaaaaa' * 999999999 }}").contains("bytes of text"))
        #expect(message("{{ 'a' * 9223372036854775807 * 2 }}").contains("bytes of text"))
        let double = "{% set ns = namespace(x='aaaa') %}\(loop){% set ns.x = ns.x + ns.x %}{% endfor %}"
        #expect(message(double).contains("bytes of text"))
        #expect(message("{{ range(999999999) }}").contains("a range of more than 100000 numbers"))
        #expect(message("{{ 9223372036854775807 + 1 }}").contains("more than 64 bits"))
        #expect(message("{{ 3 ** 99999999 }}").contains("more than 64 bits"))
        #expect(message("{{ -9223372036854775807 - 2 }}").contains("more than 64 bits"))
        #expect(message("{{ [1][-9223372036854775807 - 1] }}|") == "no error: |")
        #expect(message("{{ 'abc'[-9223372036854775807:9223372036854775807:9223372036854775807] }}") == "no error: a")
    }

    @Test func `Values that hold themselves many times, or too deep, end in an error`() {
        let deep = "{% set ns = namespace(x=[]) %}{% for i in range(99) %}{% set ns.x = [ns.x] %}{% endfor %}"
        #expect(message(deep).contains("too many levels"))
        // Forty levels of a list that holds the one below twice are 2⁴⁰ items.
        let wide =
            "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% set ns.y = [ns.y, ns.y] %}{% endfor %}"
        #expect(message(wide + "{{ ns.x == ns.y }}").contains("steps"))
        #expect(message(wide + "{{ ns.x }}").contains("expected a template within"))
        #expect(message(wide + "{{ ns.x|tojson }}").contains("expected a template within"))
        #expect(message(wide + "{{ ns.x in [ns.y] }}").contains("steps"))
        #expect(message("{% set ns = namespace() %}{% set ns.x = ns %}").contains("a namespace in a namespace"))
        #expect(message("{% set ns = namespace() %}{{ [ns] }}").contains("lists that hold themselves"))
    }

    @Test func `Deep nesting in a template's text is refused before it is rendered`() {
        let brackets = String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000)
        #expect(message("{{ \(brackets) }}").contains("more than 60 levels of nesting"))
        #expect(message("{{ \(String(repeating: "not ", count: 5000))1 }}").contains("more than 60 levels"))
        #expect(message("{{ \(String(repeating: "-", count: 5000))1 }}").contains("more than 60 levels"))
        let blocks = String(repeating: "{% if 1 %}", count: 5000) + String(repeating: "{% endif %}", count: 5000)
        #expect(message(blocks).contains("more than 60 levels"))
        #expect(message(String(repeating: "a", count: 2 << 20)).contains("bytes of template"))
        // What stands beside each other is no nesting.
        #expect(message("{{ 1\(String(repeating: " + 1", count: 5000)) }}") == "no error: 5001")
        #expect(message("{{ ''\(String(repeating: "|trim", count: 5000)) }}") == "no error: ")
    }

    @Test func `Texts of any length are searched in bounded time`() {
        let text = "{% set a = 'a' * 300000 %}{% set b = 'a' * 99999 + 'b' %}"
        #expect(message(text + "{{ a.rfind(b) }}").contains("steps"))
        #expect(message(text + "{{ a.replace(b, '') }}").contains("steps"))
    }
}
