import Planning
import Testing

@Suite struct TextTableTests {
    @Test func `columns are as wide as their widest cell, and no line ends in spaces`() {
        var table = TextTable([("stage", .right), ("what", .left), ("bytes", .right), ("", .left)])
        table.add(["0", "activation → 1", "12", ""])
        table.add(["10", "–", "1.0 KiB", "x"])
        #expect(
            table.lines() == [
                "  stage  what              bytes", "      0  activation → 1       12",
                "     10  –               1.0 KiB  x",
            ])
        #expect(TextTable([("a", .left)]).lines(indent: "") == ["a"])
    }

    @Test func `numbers as people read them`() {
        #expect([0, 999, 1000, 1_234_567, -1000].map(\.grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
        #expect(
            [0, 1023, 1024, 1_572_864, 1 << 50].map(\.bytesText) == [
                "0 B", "1023 B", "1.0 KiB", "1.5 MiB", "1024.0 TiB",
            ])
        #expect([0, 0.1114, 1].map(\.percentText) == ["0.0 %", "11.1 %", "100.0 %"])
        #expect([12_345_678, 1.234e12].map(\.flopsText) == ["0.0123", "1234.00"])
    }
}
