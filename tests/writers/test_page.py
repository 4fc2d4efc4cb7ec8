from oncogloss.writers.page import Bars, Heading, html_report, markdown_report

BARS = Bars("Trials with it", ("what", "trials", "median"), [("a <b> & c", 1_200, "3 d|w"), ("d", 300, "")])


def test_bars_are_a_table_whose_longest_bar_is_the_greatest_number() -> None:
    page = html_report("A & B", [Heading("Counts"), BARS])
    assert "<title>A &amp; B</title>" in page and '<h2 id="counts">' in page
    assert "a &lt;b&gt; &amp; c" in page and '<td class="n">1,200</td>' in page
    assert page.index("width: 100.0%") < page.index("width: 25.0%")
    assert "<script" not in page and "http" not in page


def test_bars_without_rows_and_as_markdown() -> None:
    assert "<tbody></tbody>" in html_report("t", [BARS._replace(rows=[])])
    text = markdown_report("t", [BARS])
    assert "| what | trials | median |" in text and "| a <b> & c | 1,200 | 3 d\\|w |" in text
