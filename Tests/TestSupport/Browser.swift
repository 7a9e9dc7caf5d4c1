public import Foundation

/// Debian's chromium without a window, where it is installed.
public struct Browser: Sendable {
    public static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let path: String
    private let folder: String

    /// Makes a folder of its own for the page and the browser's profile.
    public init(path: String) throws {
        self.path = path
        folder = FileManager.default.temporaryDirectory.path + "/browser-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    public func close() { try? FileManager.default.removeItem(atPath: folder) }

    /// Opens the page in frames of those widths, light and dark in turn, runs the script in each after the page's own,
    /// and reads back the JSON list of what it returned. The script may wait for what needs no time.
    public func evaluate(_ script: String, in html: String, widths: [Int]) throws -> Data {
        let probe =
            "<script>(async () => {\(script)})().then((value) => { parent.found[+window.name] = value; });</script>"
        let frames = widths.enumerated().map { index, width in
            let shown =
                index % 2 == 0 ? html : html.replacingOccurrences(of: "(prefers-color-scheme: dark)", with: "all")
            let quoted = shown.replacingOccurrences(of: "</body>", with: probe + "</body>")
                .replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "\"", with: "&quot;")
            return
                "<iframe name=\"\(index)\" style=\"width:\(width)px;height:900px;border:0\" srcdoc=\"\(quoted)\"></iframe>"
        }
        let page = folder + "/page.html"
        let collect = "onload = () => { document.body.dataset.found = encodeURIComponent(JSON.stringify(found)); }"
        let text = "<!doctype html><body><script>var found = []; \(collect)</script>\(frames.joined())"
        try Data(text.utf8).write(to: URL(fileURLWithPath: page))
        let dom = try run(["--dump-dom", "file://" + page])
        guard let start = dom.range(of: "data-found=\""),
            let end = dom.range(of: "\"", range: start.upperBound..<dom.endIndex),
            let found = dom[start.upperBound..<end.lowerBound].removingPercentEncoding
        else { return Data() }
        return Data(found.utf8)
    }

    /// The document that an address shows once nothing loads any more and all its events are over.
    public func document(at url: String) throws -> String {
        try run(["--virtual-time-budget=60000", "--dump-dom", url])
    }

    private func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments =
            ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=\(folder)/profile"]
            + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
