import { EmptyState, PageHeader } from "../components/common";

export function NotFoundPage() {
  return (
    <>
      <PageHeader title="Page not found" />
      <EmptyState icon="warn" title="There is no page at this address"><p><a href="/">Go home</a></p></EmptyState>
    </>
  );
}
