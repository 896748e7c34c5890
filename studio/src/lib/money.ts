/** Amounts of money as people read them. */

/** `$1.20`; of what is less than one, two digits that say something: `$0.0031`. */
export function money(amount: number | string, currency: string): string {
  const value = Number(amount);
  const isSmall = value !== 0 && Math.abs(value) < 1;
  const options: Intl.NumberFormatOptions = { style: "currency", currency };
  if (isSmall)
    // As many places as the second digit that says something needs, and never fewer than usual.
    options.maximumFractionDigits = Math.min(
      12,
      Math.max(2, 1 - Math.floor(Math.log10(Math.abs(value)))),
    );
  return value.toLocaleString(undefined, options);
}

/** `about $0.12, between $0.08 and $0.20`; one amount where both ends are the same, or unknown. */
export function expected(
  amount: number | string,
  low: number | string | null | undefined,
  high: number | string | null | undefined,
  currency: string,
): string {
  const middle = `about ${money(amount, currency)}`;
  if (low == null || high == null) return middle;
  const ends = [money(low, currency), money(high, currency)] as const;
  return ends[0] === ends[1] ? middle : `${middle}, between ${ends[0]} and ${ends[1]}`;
}
