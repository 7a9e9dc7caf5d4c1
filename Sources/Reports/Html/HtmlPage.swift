/// A self-contained page: style and script are part of it.
struct HtmlPage {
    var title: String
    /// HTML.
    var sections: [String]
    /// More lines for the page's head.
    var head = ""
    var scripts = [HtmlScript.text]

    var text: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        \(head)<title>\(Html.escape(title))</title>
        <style>
        \(HtmlStyle.text)
        </style>
        </head>
        <body>
        <main>
        \(sections.joined(separator: "\n"))
        </main>
        <div id="tip" role="status" hidden></div>
        <script>
        \(scripts.joined(separator: "\n"))
        </script>
        </body>
        </html>

        """
    }
}
