//! Plain text tables and numbers.

/// A table that is printed row by row: if the benchmark is interrupted, the rows so
/// far have been shown.
pub struct Table(Vec<Column>);

struct Column {
    heading: &'static str,
    width: usize,
    meaning: &'static str,
}

impl Table {
    /// Prints the headings. Each line of `columns` has a heading, a width and what
    /// the column means, with two spaces or more between them.
    pub fn new(columns: &'static str) -> Self {
        let columns = columns.lines().map(|line| {
            let parts = line.trim().split("  ").map(str::trim);
            let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
            let [heading, width, meaning] = parts[..] else {
                panic!("a column has a heading, a width and a meaning: {line}");
            };
            let width = width.parse().expect("a width");
            Column {
                heading,
                width,
                meaning,
            }
        });
        let table = Self(columns.collect());
        table.print(table.0.iter().map(|column| column.heading));
        table
    }

    /// Prints a row.
    pub fn row<const N: usize>(&self, cells: [String; N]) {
        assert_eq!(N, self.0.len());
        self.print(cells.iter().map(String::as_str));
    }

    /// The first cell stands to the left, all others to the right.
    fn print<'a>(&self, cells: impl Iterator<Item = &'a str>) {
        let mut line = String::new();
        for (cell, &Column { width, .. }) in cells.zip(&self.0) {
            line += &if line.is_empty() {
                format!("{cell:<width$}")
            } else {
                format!("  {cell:>width$}")
            };
        }
        println!("{}", line.trim_end());
    }

    /// Prints what the columns mean.
    pub fn explain(&self) {
        println!();
        for column in &self.0 {
            println!("  {:<14} {}", column.heading, column.meaning);
        }
    }
}

/// `50,264`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The median, as a whole number.
pub fn grouped_rate(per_second: impl Iterator<Item = f64>) -> String {
    grouped(median(per_second.collect()).round() as u64)
}

/// Of an odd number of numbers.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// `0.70x (0.66-0.74)`: the median, the least and the greatest.
pub fn spread(ratios: impl Iterator<Item = f64>) -> String {
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    let (Some(&least), Some(&greatest)) = (ratios.first(), ratios.last()) else {
        return "-".into();
    };
    let middle = median(ratios.clone());
    let digits = if middle < 9.95 { 2 } else { 0 };
    if ratios.len() == 1 {
        format!("{middle:.digits$}x (1 pair)")
    } else {
        format!("{middle:.digits$}x ({least:.digits$}-{greatest:.digits$})")
    }
}
